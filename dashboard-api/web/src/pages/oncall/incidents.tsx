// Incidents per week and how long they took: the chart and its table.
import { useQuery } from '@tanstack/react-query'
import { incidentsQuery, type IncidentWeek } from '../../api/teams'
import { useMoment } from '../../frame/reading'
import { ChartPanel } from '../../parts/chart-panel'
import { Loaded } from '../../parts/loaded'
import { SeriesChart, type Series } from '../../parts/series-chart'
import { Hint } from '../../parts/hint'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, date, span } from '../../words/format'

const SERIES: readonly Series[] = [
  { id: 'incidents', label: 'Incidents', color: 'var(--class-viewer)' },
  { id: 'high', label: 'High urgency', color: 'var(--class-never)' },
]

export function IncidentWeeks() {
  const query = useQuery(incidentsQuery(useMoment()))
  return (
    <Loaded query={query} label="incidents" height={240}>
      {(weeks) =>
        weeks.length === 0 ? null : (
          <ChartPanel
            title="Incidents per week"
            chart={
              <SeriesChart
                series={SERIES}
                points={weeks.map(({ start, incidents, high_urgency: high }) => ({
                  day: start,
                  values: { incidents, high },
                }))}
                label="Incidents per week"
              />
            }
            table={<IncidentTable weeks={weeks} />}
          />
        )
      }
    </Loaded>
  )
}

function IncidentTable({ weeks }: { weeks: IncidentWeek[] }) {
  return (
    <Table label="Incidents per week">
      <thead>
        <tr>
          <th scope="col">Week from</th>
          <th scope="col" className={cells.numeric}>
            Incidents
          </th>
          <th scope="col" className={cells.numeric}>
            High urgency
          </th>
          <th scope="col" className={cells.numeric}>
            <Hint of="mean_ack">Mean to ack</Hint>
          </th>
          <th scope="col" className={cells.numeric}>
            <Hint of="mean_resolve">Mean to resolve</Hint>
          </th>
          <th scope="col">Coverage</th>
        </tr>
      </thead>
      <tbody>
        {weeks.toReversed().map((week) => (
          <tr key={week.start}>
            <th scope="row">{date(week.start)}</th>
            <td className={cells.numeric}>{count(week.incidents)}</td>
            <td className={cells.numeric}>{count(week.high_urgency)}</td>
            <td className={cells.numeric}>{span(week.mean_ack_seconds)}</td>
            <td className={cells.numeric}>{span(week.mean_resolve_seconds)}</td>
            <td className={cells.dim}>{week.complete ? 'complete' : 'not complete'}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
