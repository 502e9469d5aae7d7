// People and uses per month: the chart and its table.
import type { FeatureDetail } from '../../api/features'
import { ChartPanel } from '../../parts/chart-panel'
import { Hint } from '../../parts/hint'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { WeekChart } from '../../parts/week-chart'
import { count, month as monthName, plural } from '../../words/format'

export function MonthlyPanel({ monthly }: Pick<FeatureDetail, 'monthly'>) {
  if (monthly.length === 0) return null
  return (
    <ChartPanel
      title={<Hint of="people">People per month</Hint>}
      chart={
        <WeekChart
          points={monthly.map(({ month, people, complete }) => ({
            start: `${month.slice(0, 7)}-01T00:00:00Z`,
            value: people,
            complete,
          }))}
          label="People per month"
          every="month"
          unit={(value) => plural(value, 'person', 'people')}
        />
      }
      table={
        <Table label="People and uses per month" compact>
          <thead>
            <tr>
              <th scope="col">Month</th>
              <th scope="col" className={cells.numeric}>
                People
              </th>
              <th scope="col" className={cells.numeric}>
                Uses
              </th>
              <th scope="col">Coverage</th>
            </tr>
          </thead>
          <tbody>
            {monthly.toReversed().map(({ month, people, uses, complete }) => (
              <tr key={month}>
                <th scope="row">{monthName(month)}</th>
                <td className={cells.numeric}>{count(people)}</td>
                <td className={cells.numeric}>{count(uses)}</td>
                <td className={cells.dim}>{complete ? 'complete' : 'not complete'}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      }
    />
  )
}
