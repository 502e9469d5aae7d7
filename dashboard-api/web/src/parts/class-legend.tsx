// What the colors of the classes mean.
import { CLASSES } from '../words/classes'
import marks from './marks.module.css'
import { SeatClassMark } from './seat-class'

export function ClassLegend() {
  return (
    <ul className={marks.legend} aria-label="Legend">
      {CLASSES.map(({ id }) => (
        <li key={id}>
          <SeatClassMark of={id} />
        </li>
      ))}
    </ul>
  )
}
