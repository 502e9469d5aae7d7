// The first answer: how many seats, how many are used, what is used, and how sure we are.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { overviewQuery } from '../../api/queries'
import type { Overview } from '../../api/types'
import { usePeriod } from '../../frame/period'
import { Answered } from '../../parts/answered'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import { AdoptionBars } from './adoption-bars'
import { ClassBreakdown } from './class-breakdown'
import { DataQuality } from './data-quality'
import classes from './overview.module.css'
import { SeatFigures } from './seat-figures'
import { WeeklyActivePanel } from './weekly-active'

export function OverviewPage() {
  const query = useQuery(overviewQuery(usePeriod()))
  return (
    <Answered
      title="Overview"
      subtitle="Who uses which seat and which feature"
      query={query}
      skeleton={<OverviewSkeleton />}
    >
      {(overview) => <OverviewContent overview={overview} />}
    </Answered>
  )
}

function OverviewContent({ overview }: { overview: Overview }) {
  return (
    <>
      <SeatFigures overview={overview} />
      <div className={classes.columns}>
        <Panel title={<Hint of="classes">Seats by class</Hint>}>
          <ClassBreakdown seats={overview.seats} />
        </Panel>
        <WeeklyActivePanel weeks={overview.weekly_active} />
      </div>
      <AdoptionBars features={overview.features} seats={overview.seats.total} />
      <DataQuality overview={overview} />
    </>
  )
}

function OverviewSkeleton() {
  return (
    <>
      <Skeleton height={96} />
      <div className={classes.columns}>
        <Skeleton height={260} />
        <Skeleton height={260} />
      </div>
      <Skeleton height={360} />
    </>
  )
}
