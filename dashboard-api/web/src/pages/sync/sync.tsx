// How the figures came to be: datasets, receipts, runs, and what could not be stored.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { parkedQuery } from '../../api/sources'
import { useMay } from '../../frame/role'
import { PageHeader } from '../../parts/page-header'
import { chosenTab, Tabs } from '../../parts/tabs'
import { Datasets } from './datasets'
import { Parked } from './parked'
import { Receipts } from './receipts'
import { Runs } from './runs'

const route = getRouteApi('/frame/sync')

export function SyncPage() {
  const mayReplay = useMay('admin')
  const { data: parked } = useQuery({ ...parkedQuery, enabled: mayReplay })
  const tabs = [
    { id: 'datasets', label: 'Datasets' },
    { id: 'receipts', label: 'Receipts' },
    { id: 'runs', label: 'Runs' },
    ...(mayReplay ? [{ id: 'parked', label: parked?.total ? `Parked (${parked.total})` : 'Parked' }] : []),
  ]
  const tab = chosenTab(tabs, route.useSearch().tab)
  return (
    <>
      <PageHeader title="Sync & freshness" subtitle="What was read, how completely, and when it is read again" />
      <Tabs label="Views of the sync" tabs={tabs} current={tab} />
      {tab === 'datasets' && <Datasets />}
      {tab === 'receipts' && <Receipts />}
      {tab === 'runs' && <Runs />}
      {tab === 'parked' && <Parked />}
    </>
  )
}
