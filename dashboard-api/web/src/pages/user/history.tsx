// The class of the seat day by day, as one strip of colors and as a table of the changes.
import type { SeatClass, UserDetail } from '../../api/types'
import { ChartPanel } from '../../parts/chart-panel'
import { SeatClassMark } from '../../parts/seat-class'
import { Table } from '../../parts/table'
import { classLabel } from '../../words/classes'
import { date } from '../../words/format'
import classes from './user.module.css'

interface Stretch {
  class: SeatClass
  from: string
  to: string
  days: number
}

export function ClassHistory({ history }: { history: NonNullable<UserDetail['history']> }) {
  const stretches = stretchesOf(history)
  if (stretches.length === 0) return null
  return (
    <ChartPanel
      title="History of the class"
      chart={
        <ol className={classes.history} aria-label="Class over time">
          {stretches.map((stretch) => (
            <li
              key={stretch.from}
              data-class={stretch.class}
              style={{ flexGrow: stretch.days }}
              title={`${classLabel(stretch.class)}, ${date(stretch.from)} to ${date(stretch.to)}`}
            >
              <SeatClassMark of={stretch.class} />
              <span className={classes.historyDay}>{date(stretch.from)}</span>
            </li>
          ))}
        </ol>
      }
      table={
        <Table label="History of the class" compact>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Class</th>
            </tr>
          </thead>
          <tbody>
            {stretches.toReversed().map((stretch) => (
              <tr key={stretch.from}>
                <th scope="row">{date(stretch.from)}</th>
                <td>{date(stretch.to)}</td>
                <td>{classLabel(stretch.class)}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      }
    />
  )
}

const DAY_MS = 86_400_000

/** The days on which the class changed as stretches; the newest day ends the last one. */
export function stretchesOf(history: readonly { day: string; class: SeatClass }[]): Stretch[] {
  const stretches: Stretch[] = []
  const newest = history[history.length - 1]?.day ?? ''
  for (const [index, { day, class: seatClass }] of history.entries()) {
    const last = stretches[stretches.length - 1]
    const to = history[index + 1]?.day ?? newest
    const days = Math.max(1, Math.round((Date.parse(to) - Date.parse(day)) / DAY_MS))
    if (last?.class === seatClass) {
      last.to = to
      if (to !== day) last.days += days
    } else {
      stretches.push({ class: seatClass, from: day, to, days })
    }
  }
  return stretches
}
