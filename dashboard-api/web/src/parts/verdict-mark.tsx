// The verdict of a feature as a mark whose shape differs too, not only its color.
import type { Verdict } from '../api/types'
import { verdictLabel } from '../words/verdicts'
import classes from './marks.module.css'

export function VerdictMark(props: { of: Verdict }) {
  return (
    <span className={classes.verdict} data-verdict={props.of}>
      {verdictLabel(props.of)}
    </span>
  )
}
