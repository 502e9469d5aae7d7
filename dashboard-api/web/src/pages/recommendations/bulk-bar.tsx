// One decision for every chosen row.
import type { Recommendation } from '../../api/recommendations'
import { plural } from '../../words/format'
import { DECISIONS } from '../../words/recommendations'
import { DecisionButton } from './decision'
import classes from './recommendations.module.css'

export function BulkBar(props: { chosen: Recommendation[]; onDone: () => void }) {
  return (
    <div className={classes.bulk} role="group" aria-label="Chosen rows">
      <strong role="status">{plural(props.chosen.length, 'row', 'rows')} chosen</strong>
      {DECISIONS.map(({ state, verb }) => (
        <DecisionButton key={state} state={state} rows={props.chosen} label={`${verb} the chosen rows`} onDone={props.onDone} />
      ))}
    </div>
  )
}
