// What was bought, who holds it, how much of it is used, what it costs, and how many to renew.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Skeleton } from '@mantine/core'
import { licensesQuery } from '../../api/queries'
import { useReading } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { chosenTab, Tabs } from '../../parts/tabs'
import { Chargeback } from './chargeback'
import { CurrentLicenses } from './current'
import { RenewalTab } from './renewal'
import { LicenseTrend } from './trend'

const TABS = [
  { id: 'current', label: 'Current' },
  { id: 'trend', label: 'Trend' },
  { id: 'chargeback', label: 'Chargeback' },
  { id: 'renewal', label: 'Renewal' },
] as const

const route = getRouteApi('/frame/licenses')

export function LicensesPage() {
  const tab = chosenTab(TABS, route.useSearch().tab)
  const query = useQuery(licensesQuery(useReading()))
  return (
    <Answered
      title="Licenses"
      subtitle="Bought, assigned, used and paid"
      query={query}
      skeleton={<Skeleton height={320} />}
    >
      {({ data }) => (
        <>
          <Tabs label="Views of licenses" tabs={TABS} current={tab} />
          {tab === 'current' && <CurrentLicenses licenses={data} />}
          {tab === 'trend' && <LicenseTrend licenses={data} />}
          {tab === 'chargeback' && <Chargeback />}
          {tab === 'renewal' && <RenewalTab />}
        </>
      )}
    </Answered>
  )
}
