// All seats as one bar, and each class with its number, share and rows.
import { Link } from '@tanstack/react-router'
import type { Overview } from '../../api/types'
import { ClassBar } from '../../parts/bars'
import { HintText } from '../../parts/hint'
import { SeatClassMark } from '../../parts/seat-class'
import { CLASSES, seatsIn } from '../../words/classes'
import { count, share } from '../../words/format'
import classes from './overview.module.css'

export function ClassBreakdown({ seats }: { seats: Overview['seats'] }) {
  return (
    <>
      <ClassBar byClass={seats.by_class} height={26} label="Seats by class" />
      <ul className={classes.classList}>
        {CLASSES.map(({ id, label, definition }) => {
          const value = seatsIn(seats.by_class, id)
          return (
            <li key={id} data-empty={value === 0}>
              <HintText text={definition}>
                <SeatClassMark of={id} />
              </HintText>
              <Link to="/users" search={{ class: id }} aria-label={`${count(value)} ${label}: show these seats`}>
                {count(value)}
              </Link>
              <span>{share(value, seats.total)}</span>
            </li>
          )
        })}
      </ul>
    </>
  )
}
