// Actions per week over half a year: a bar chart and its table.
import { useElementSize } from '@mantine/hooks'
import { Group } from '@visx/group'
import { scaleBand, scaleLinear } from '@visx/scale'
import { Bar } from '@visx/shape'
import type { WeekOfUses } from '../../api/types'
import { ChartPanel } from '../../parts/chart-panel'
import { Hint } from '../../parts/hint'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, date, plural, shortDate } from '../../words/format'
import classes from './user.module.css'

const HEIGHT = 72
const LABELS = 18
/** Drawn at this width until the container has been measured. */
const FIRST_WIDTH = 640
/** A week without action keeps a line, so that it is seen as a week. */
const FLOOR = 2

export function WeekStrip({ weeks }: { weeks: WeekOfUses[] }) {
  return (
    <ChartPanel
      title={<Hint of="weeks">Actions per week, 26 weeks</Hint>}
      chart={<Strip weeks={weeks} />}
      table={<StripTable weeks={weeks} />}
    />
  )
}

function Strip({ weeks }: { weeks: WeekOfUses[] }) {
  const { ref, width: measured } = useElementSize<HTMLDivElement>()
  const width = measured > 0 ? measured : FIRST_WIDTH
  const top = Math.max(1, ...weeks.map((week) => week.uses))
  const total = weeks.reduce((sum, week) => sum + week.uses, 0)
  const x = scaleBand<string>({
    domain: weeks.map((week) => week.week_start),
    range: [0, width],
    paddingInner: 0.18,
  })
  const y = scaleLinear<number>({ domain: [0, top], range: [FLOOR, HEIGHT] })
  const ends = [weeks[0], weeks[weeks.length - 1]].filter((week) => week !== undefined)
  return (
    <div ref={ref} className={classes.strip}>
      <svg
        width={width}
        height={HEIGHT + LABELS}
        role="img"
        aria-label={`${plural(total, 'action', 'actions')} in ${weeks.length} weeks, at most ${top} in one`}
      >
        <Group>
          {weeks.map((week) => {
            const height = week.uses === 0 ? FLOOR : y(week.uses)
            return (
              <Bar
                key={week.week_start}
                x={x(week.week_start)}
                y={HEIGHT - height}
                width={x.bandwidth()}
                height={height}
                className={week.uses === 0 ? classes.noUse : classes.uses}
              >
                <title>{`Week of ${date(week.week_start)}: ${plural(week.uses, 'action', 'actions')}`}</title>
              </Bar>
            )
          })}
          {ends.map((week, index) => (
            <text
              key={week.week_start}
              x={index === 0 ? 0 : width}
              y={HEIGHT + 14}
              textAnchor={index === 0 ? 'start' : 'end'}
            >
              {shortDate(week.week_start)}
            </text>
          ))}
        </Group>
      </svg>
    </div>
  )
}

function StripTable({ weeks }: { weeks: WeekOfUses[] }) {
  return (
    <Table label="Actions per week" compact>
      <thead>
        <tr>
          <th scope="col">Week from</th>
          <th scope="col" className={cells.numeric}>
            Actions
          </th>
        </tr>
      </thead>
      <tbody>
        {weeks.toReversed().map((week) => (
          <tr key={week.week_start}>
            <th scope="row">{date(week.week_start)}</th>
            <td className={cells.numeric}>{count(week.uses)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
