// What the four looks of a verdict mean.
import { VERDICTS } from '../words/verdicts'
import { HintText } from './hint'
import { VerdictMark } from './verdict-mark'
import classes from './marks.module.css'

export function VerdictLegend() {
  return (
    <ul className={classes.legend} aria-label="Legend">
      {VERDICTS.map(({ id, definition }) => (
        <li key={id}>
          <HintText text={definition}>
            <VerdictMark of={id} />
          </HintText>
        </li>
      ))}
    </ul>
  )
}
