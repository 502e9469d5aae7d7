// What counts as use, how widely each feature is used, and which bought add-ons are not.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { featuresQuery } from '../../api/queries'
import { useReading } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { chosenTab, Tabs } from '../../parts/tabs'
import { Addons } from './addons'
import { Catalogue } from './catalogue'
import { HeatMap } from './heat-map'

const TABS = [
  { id: 'heat', label: 'Heat map' },
  { id: 'catalogue', label: 'Catalogue' },
  { id: 'addons', label: 'Add-ons' },
] as const

const route = getRouteApi('/frame/features')

export function FeaturesPage() {
  const tab = chosenTab(TABS, route.useSearch().tab)
  const query = useQuery(featuresQuery(useReading()))
  return (
    <Answered
      title="Features"
      subtitle="What counts as use, and how many seats use it"
      query={query}
      skeleton={<Skeleton height={560} />}
    >
      {({ data }) => (
        <>
          <Tabs label="Views of features" tabs={TABS} current={tab} />
          {tab === 'heat' && <HeatMap />}
          {tab === 'catalogue' && <Catalogue features={data} />}
          {tab === 'addons' && <Addons />}
        </>
      )}
    </Answered>
  )
}
