// One page to hand over: the figures, what they cost, what to do first, and how sure they are.
import { Button, Skeleton } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { overviewQuery, sessionQuery } from '../../api/queries'
import { recommendationsQuery } from '../../api/recommendations'
import type { Overview } from '../../api/types'
import { useReading } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { BlindSpots } from '../../parts/blind-spots'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { gapReason, gaps, datasetLabel } from '../../words/datasets'
import { count, instant, list } from '../../words/format'
import { money } from '../../words/money'
import { kindWords, subjectOf } from '../../words/recommendations'
import { ClassBreakdown } from '../overview/class-breakdown'
import { SeatFigures } from '../overview/seat-figures'
import { TopTeams } from '../overview/top-teams'
import { TrendPanel } from '../overview/trend'

const TOP = 12

export function ReportPage() {
  const query = useQuery(overviewQuery(useReading()))
  const { data: session } = useQuery(sessionQuery)
  return (
    <Answered
      title={`PagerDuty utilization, ${session?.organization.name ?? ''}`}
      subtitle="One-page report"
      query={query}
      skeleton={<Skeleton height={640} />}
      aside={
        <Button
          size="xs"
          variant="default"
          className={parts.noPrint ?? ''}
          onClick={() => {
            window.print()
          }}
        >
          Print or save as PDF
        </Button>
      }
    >
      {(overview) => (
        <>
          <BlindSpots accepted={overview.accepted_blind_spots} />
          <SeatFigures overview={overview} />
          <div className={parts.columns}>
            <Panel title="Seats by class">
              <ClassBreakdown seats={overview.seats} />
            </Panel>
            <TrendPanel trend={overview.trend} />
          </div>
          <div className={parts.columns}>
            <TopRecommendations />
            <TopTeams overview={overview} />
          </div>
          <HowSure overview={overview} />
        </>
      )}
    </Answered>
  )
}

function TopRecommendations() {
  const { team } = useReading()
  const filter = {
    state: 'open',
    ...(team === undefined ? {} : { team }),
  }
  const { data } = useInfiniteQuery(recommendationsQuery(filter))
  const page = data?.pages[0]
  const rows = page?.data.slice(0, TOP) ?? []
  return (
    <Panel title={`First of ${count(page?.total ?? 0)} recommendations`} flush>
      <Table label="First recommendations" compact>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Who</th>
            <th scope="col" className={cells.numeric}>
              Saving / month
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <th scope="row">{kindWords(row.kind).label}</th>
              <td>{subjectOf(row)}</td>
              <td className={cells.numeric}>{money(row.saving_monthly, row.currency)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}

function HowSure({ overview }: { overview: Overview }) {
  const missing = gaps(overview.datasets)
  const { receipts } = overview
  return (
    <Panel title="How sure this is">
      <p>
        Figures speak up to {instant(overview.as_of)}, generation {count(overview.generation)}.{' '}
        {count(receipts.received)} records were received and {count(receipts.stored)} distinct ones stored in{' '}
        {count(receipts.windows)} windows.{' '}
        {missing.length === 0
          ? 'Every dataset is complete.'
          : `Not complete: ${list(missing.map((dataset) => `${datasetLabel(dataset.dataset)} (${gapReason(dataset)})`))}. What depends on them counts as unknown, never as unused.`}
      </p>
    </Panel>
  )
}
