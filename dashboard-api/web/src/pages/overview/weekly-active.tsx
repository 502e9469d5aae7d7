// People with an action or duty per week: the chart and its table.
import type { WeekOfPeople } from '../../api/types'
import { ChartPanel } from '../../parts/chart-panel'
import { Hint } from '../../parts/hint'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { WeekChart } from '../../parts/week-chart'
import { count, date, plural } from '../../words/format'

export function WeeklyActivePanel({ weeks }: { weeks: WeekOfPeople[] }) {
  return (
    <ChartPanel
      title={<Hint of="weekly_active">Weekly active people</Hint>}
      chart={
        <WeekChart
          points={weeks.map(({ week_start, people, complete }) => ({
            start: week_start,
            value: people,
            complete,
          }))}
          label="People active per week"
          unit={(value) => plural(value, 'person', 'people')}
        />
      }
      table={<WeekTable weeks={weeks} />}
    />
  )
}

function WeekTable({ weeks }: { weeks: WeekOfPeople[] }) {
  return (
    <Table label="Active people per week" compact>
      <thead>
        <tr>
          <th scope="col">Week from</th>
          <th scope="col" className={cells.numeric}>
            People
          </th>
          <th scope="col">Coverage</th>
        </tr>
      </thead>
      <tbody>
        {weeks.toReversed().map((week) => (
          <tr key={week.week_start}>
            <th scope="row">{date(week.week_start)}</th>
            <td className={cells.numeric}>{count(week.people)}</td>
            <td className={cells.dim}>{week.complete ? 'complete' : 'not complete'}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
