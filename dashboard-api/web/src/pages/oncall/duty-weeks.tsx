// Duty per week of one person; a full week is a full bar, so that people compare.
import { Bar } from '@visx/shape'
import type { LoadRow } from '../../api/teams'
import charts from '../../parts/charts.module.css'
import { date, hours } from '../../words/format'

const WIDTH = 5
const GAP = 2
const HEIGHT = 22
const WEEK_SECONDS = 7 * 86_400
const FLOOR = 1

export function DutyWeeks({ row }: { row: LoadRow }) {
  const { weeks } = row
  if (weeks.length === 0) return null
  const most = Math.max(...weeks.map(({ seconds }) => seconds))
  return (
    <svg
      width={weeks.length * (WIDTH + GAP)}
      height={HEIGHT}
      role="img"
      aria-label={`Duty of ${row.name} in ${weeks.length} weeks, at most ${hours(most)} in one`}
    >
      {weeks.map(({ week_start: start, seconds }, index) => {
        const height = Math.max(FLOOR, (seconds / WEEK_SECONDS) * HEIGHT)
        return (
          <Bar
            key={start}
            x={index * (WIDTH + GAP)}
            y={HEIGHT - height}
            width={WIDTH}
            height={height}
            className={charts.bars}
          >
            <title>{`Week of ${date(start)}: ${hours(seconds)}`}</title>
          </Bar>
        )
      })}
    </svg>
  )
}
