// The class of a seat as a colored mark and its name.
import type { SeatClass } from '../api/types'
import { classDefinition, classLabel } from '../words/classes'
import classes from './marks.module.css'

export function SeatClassMark(props: { of: SeatClass }) {
  return (
    <span className={classes.seatClass} data-class={props.of} title={classDefinition(props.of)}>
      {classLabel(props.of)}
    </span>
  )
}
