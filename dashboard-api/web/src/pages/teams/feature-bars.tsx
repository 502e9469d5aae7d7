// The adoption of each feature in a team as thin bars in the order of the catalogue.
import { useQuery } from '@tanstack/react-query'
import { Bar } from '@visx/shape'
import { featuresQuery } from '../../api/queries'
import type { TeamRow } from '../../api/teams'
import { usePeriod } from '../../frame/reading'
import { featureName } from '../../words/features'
import charts from '../../parts/charts.module.css'

const WIDTH = 6
const GAP = 2
const HEIGHT = 24
/** A feature nobody uses keeps a line, so that it is seen as one. */
const FLOOR = 1.5

export function FeatureBars({ team }: { team: TeamRow }) {
  const { data: catalogue } = useQuery(featuresQuery({ window: usePeriod() }))
  const order = catalogue?.data.map(({ id }) => id) ?? Object.keys(team.features)
  const bars = order
    .map((id) => ({ id, ...(team.features[id] ?? { used: 0, eligible: 0 }) }))
    .filter(({ eligible }) => eligible > 0)
  if (bars.length === 0) return null
  const full = bars.length * (WIDTH + GAP)
  const strongest = bars.toSorted((a, b) => b.used / b.eligible - a.used / a.eligible).slice(0, 3)
  const spoken = strongest.map(
    ({ id, used, eligible }) => `${featureName(id, catalogue?.data)} ${used} of ${eligible}`,
  )
  return (
    <svg width={full} height={HEIGHT} role="img" aria-label={`Most used in ${team.name}: ${spoken.join(', ')}`}>
      {bars.map(({ id, used, eligible }, index) => {
        const height = Math.max(FLOOR, (used / eligible) * HEIGHT)
        return (
          <Bar
            key={id}
            x={index * (WIDTH + GAP)}
            y={HEIGHT - height}
            width={WIDTH}
            height={height}
            className={charts.bars}
          >
            <title>{`${featureName(id, catalogue?.data)}: ${used} of ${eligible} eligible`}</title>
          </Bar>
        )
      })}
    </svg>
  )
}
