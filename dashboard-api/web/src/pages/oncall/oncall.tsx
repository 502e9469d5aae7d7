// Who carries the pager: duty, interruptions, nights, fairness, single persons and ghosts.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { oncallQuery, type OncallLoad } from '../../api/teams'
import { useMoment, useReading } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { EmptyState } from '../../parts/empty-state'
import parts from '../../parts/parts.module.css'
import { Stat } from '../../parts/stat'
import { count, hours } from '../../words/format'
import { Ghosts, SoleLevels } from './risks'
import { IncidentWeeks } from './incidents'
import { LoadTable } from './load-table'

export function OncallPage() {
  const { team } = useReading()
  const moment = useMoment()
  const query = useQuery(oncallQuery({ ...moment, ...(team === undefined ? {} : { team }) }))
  return (
    <Answered
      title="On-call load"
      subtitle="Who is on duty, how often they are interrupted, and where one person is the whole plan"
      query={query}
      skeleton={<Skeleton height={480} />}
    >
      {(load) =>
        load.data.length === 0 ? (
          <EmptyState title="Nobody was on duty">
            <p>No shift overlaps the period, or the filters leave none. What cannot be read is named above.</p>
          </EmptyState>
        ) : (
          <Load load={load} />
        )
      }
    </Answered>
  )
}

function Load({ load }: { load: OncallLoad }) {
  return (
    <>
      <Figures load={load} />
      <div className={parts.columns}>
        <Ghosts rows={load.data.filter(({ ghost }) => ghost)} />
        <SoleLevels levels={load.single_person_levels} />
      </div>
      <LoadTable rows={load.data} />
      <IncidentWeeks />
    </>
  )
}

function Figures({ load }: { load: OncallLoad }) {
  const sum = (pick: (row: OncallLoad['data'][number]) => number) =>
    load.data.reduce((total, row) => total + pick(row), 0)
  const { gini } = load.fairness
  return (
    <section className={parts.figures} aria-label="Key figures">
      <Stat label="People on duty" of="people_on_duty" value={count(load.data.length)} />
      <Stat label="Duty" of="duty" value={hours(sum((row) => row.duty_seconds))} note="all people" />
      <Stat label="Business hours" of="business_hours" value={hours(sum((row) => row.business_seconds))} />
      <Stat label="Off hours" of="off_hours" value={hours(sum((row) => row.off_hours_seconds))} />
      <Stat label="Notifications" of="interruptions" value={count(sum((row) => row.notifications))} />
      <Stat label="At night" of="sleep_pages" value={count(sum((row) => row.sleep_notifications))} note="22:00–06:00 UTC" />
      <Stat label="Fairness" of="gini" value={gini === null ? '–' : gini.toFixed(2)} note="Gini, 0 is equal" />
      <Stat label="Ghosts" of="ghosts" value={count(load.data.filter(({ ghost }) => ghost).length)} note="never answer" />
    </section>
  )
}
