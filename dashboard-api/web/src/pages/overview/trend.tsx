// Seats and active seats over time: the distance between the lines is what nobody uses.
import type { Overview } from '../../api/types'
import { ChartPanel } from '../../parts/chart-panel'
import { Hint } from '../../parts/hint'
import { SeriesChart, type Series } from '../../parts/series-chart'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, date } from '../../words/format'
import classes from './overview.module.css'

const SERIES: readonly Series[] = [
  { id: 'seats', label: 'Seats', color: 'var(--line-strong)', dashed: true },
  { id: 'active', label: 'Active', color: 'var(--class-active)' },
]

export function TrendPanel({ trend }: { trend: Overview['trend'] }) {
  return (
    <ChartPanel
      title={<Hint of="active">Seats and active seats</Hint>}
      chart={
        trend.length < 2 ? (
          <p className={classes.unread}>History begins with the first sync; a line needs two days.</p>
        ) : (
          <SeriesChart
            series={SERIES}
            points={trend.map(({ day, seats, active }) => ({ day, values: { seats, active } }))}
            label="Seats and active seats"
          />
        )
      }
      table={<TrendTable trend={trend} />}
    />
  )
}

function TrendTable({ trend }: { trend: Overview['trend'] }) {
  return (
    <Table label="Seats and active seats per day" compact>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <th scope="col" className={cells.numeric}>
            Seats
          </th>
          <th scope="col" className={cells.numeric}>
            Active
          </th>
        </tr>
      </thead>
      <tbody>
        {trend.toReversed().map(({ day, seats, active }) => (
          <tr key={day}>
            <th scope="row">{date(day)}</th>
            <td className={cells.numeric}>{count(seats)}</td>
            <td className={cells.numeric}>{count(active)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
