// The row of figures at the top of the overview.
import type { Overview, SeatClass } from '../../api/types'
import { Stat } from '../../parts/stat'
import { seatsIn } from '../../words/classes'
import { count, hours, percent, plural, share } from '../../words/format'
import classes from './overview.module.css'

export function SeatFigures({ overview }: { overview: Overview }) {
  const { total, by_class: byClass } = overview.seats
  const seats = (id: SeatClass) => seatsIn(byClass, id)
  const classFigure = (id: SeatClass) => ({
    value: count(seats(id)),
    note: `${share(seats(id), total)} of seats`,
    to: { to: '/users', search: { class: id } } as const,
  })
  return (
    <section className={classes.figures} aria-label="Key figures">
      <Stat label="Seats" of="seats" value={count(total)} to={{ to: '/users' }} note="all licenses" />
      <Stat label="Active" of="active" {...classFigure('active')} />
      <Stat
        label="Utilization"
        of="utilization"
        value={percent(overview.utilization_percent)}
        note={overview.utilization_percent == null ? 'no seat left to divide by' : baseNote(overview)}
      />
      <Stat label="Never used" of="never" {...classFigure('never')} />
      <Stat label="Idle" of="idle" {...classFigure('idle')} />
      <Stat
        label="Unknown"
        of="unknown"
        {...classFigure('unknown')}
        tone={seats('unknown') > 0 ? 'unknown' : 'plain'}
      />
      <Stat
        label="On-call duty"
        of="duty"
        value={hours(overview.duty.seconds)}
        note={plural(overview.duty.people, 'person', 'people')}
        to={{ to: '/users', search: { sort: '-duty' } }}
      />
    </section>
  )
}

function baseNote({ seats }: Overview): string {
  const base =
    seats.total -
    seatsIn(seats.by_class, 'exempt') -
    seatsIn(seats.by_class, 'new') -
    seatsIn(seats.by_class, 'unknown')
  return `of ${count(base)} countable`
}
