// The first answer: how many seats, how many are used, what that costs, what to do, and how sure we are.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { overviewQuery } from '../../api/queries'
import type { Overview } from '../../api/types'
import { useReading } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { BlindSpots } from '../../parts/blind-spots'
import { Hint } from '../../parts/hint'
import { MissingPrices } from '../../parts/missing-prices'
import { Panel } from '../../parts/panel'
import { AdoptionBars } from './adoption-bars'
import { Checklist } from './checklist'
import { ClassBreakdown } from './class-breakdown'
import { DataQuality } from './data-quality'
import classes from './overview.module.css'
import { SeatFigures } from './seat-figures'
import { TopTeams } from './top-teams'
import { TrendPanel } from './trend'
import { WeeklyActivePanel } from './weekly-active'

export function OverviewPage() {
  const query = useQuery(overviewQuery(useReading()))
  return (
    <Answered
      title="Overview"
      subtitle="Who uses which seat and which feature"
      query={query}
      skeleton={<OverviewSkeleton />}
      aside={<Link to="/report">One-page report</Link>}
    >
      {(overview) => <OverviewContent overview={overview} />}
    </Answered>
  )
}

function OverviewContent({ overview }: { overview: Overview }) {
  return (
    <>
      <Checklist items={overview.checklist} />
      <BlindSpots accepted={overview.accepted_blind_spots} />
      <SeatFigures overview={overview} />
      <MissingPrices ids={overview.money.missing_prices} />
      <div className={classes.columns}>
        <Panel title={<Hint of="classes">Seats by class</Hint>}>
          <ClassBreakdown seats={overview.seats} />
        </Panel>
        <TrendPanel trend={overview.trend} />
      </div>
      <div className={classes.columns}>
        <TopTeams overview={overview} />
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
      <Skeleton height={192} />
      <div className={classes.columns}>
        <Skeleton height={260} />
        <Skeleton height={260} />
      </div>
      <Skeleton height={360} />
    </>
  )
}
