// What would be left without anyone if the seat went, with the way to each at PagerDuty.
import type { Blocker } from '../../api/recommendations'
import { Outbound } from '../../parts/outbound'
import { blockerLabel } from '../../words/recommendations'
import classes from './recommendations.module.css'

export function Blockers({ blockers }: { blockers: Blocker[] }) {
  if (blockers.length === 0) return null
  return (
    <ul className={classes.blockers} aria-label="What stands in the way">
      {blockers.map((blocker) => (
        <li key={`${blocker.id} ${blocker.words}`}>
          <strong>{blockerLabel(blocker.id)}:</strong>{' '}
          {blocker.url === null ? blocker.words : <Outbound href={blocker.url}>{blocker.words}</Outbound>}
        </li>
      ))}
    </ul>
  )
}
