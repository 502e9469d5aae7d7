// The figures at the top of the overview: seats, money, renewal, each with its change.
import type { ReactNode } from 'react'
import type { Overview, SeatClass } from '../../api/types'
import { ChangeNote } from '../../parts/change'
import parts from '../../parts/parts.module.css'
import { Sparkline } from '../../parts/sparkline'
import { Stat } from '../../parts/stat'
import { seatsIn } from '../../words/classes'
import { count, date, hours, percent, plural, share } from '../../words/format'
import { roundMoney } from '../../words/money'

export function SeatFigures({ overview }: { overview: Overview }) {
  return (
    <section className={parts.figures} data-wide="true" aria-label="Key figures">
      <SeatStats overview={overview} />
      <UnusedStats overview={overview} />
      <MoneyStats overview={overview} />
    </section>
  )
}

function SeatStats({ overview }: { overview: Overview }) {
  const { change, trend } = overview
  const { total, by_class: byClass } = overview.seats
  const seats = (id: SeatClass) => seatsIn(byClass, id)
  const noted = (words: ReactNode, value: number | null | undefined, good: 'up' | 'none') => (
    <ChangeNote since={change?.since} value={value} good={good}>
      {words}
    </ChangeNote>
  )
  const line = (label: string, pick: (point: Overview['trend'][number]) => number) => (
    <Sparkline label={label} values={trend.map(pick)} />
  )
  return (
    <>
      <Stat
        label="Seats"
        of="seats"
        value={count(total)}
        to={{ to: '/users' }}
        note={noted('all licenses', change?.seats, 'none')}
        line={line('Seats', (point) => point.seats)}
      />
      <Stat
        label="Active"
        of="active"
        value={count(seats('active'))}
        to={{ to: '/users', search: { class: 'active' } }}
        note={noted(share(seats('active'), total), change?.active, 'up')}
        line={line('Active seats', (point) => point.active)}
      />
      <Stat
        label="Utilization"
        of="utilization"
        value={percent(overview.utilization_percent)}
        note={noted(
          overview.utilization_percent == null ? 'no seat left to divide by' : baseNote(overview),
          change?.utilization_points,
          'up',
        )}
        to={{ to: '/licenses' }}
        line={line('Share of active seats', ({ active, seats: all }) => (all === 0 ? 0 : active / all))}
      />
    </>
  )
}

function UnusedStats({ overview: { seats, change } }: { overview: Overview }) {
  const figure = (id: SeatClass) => ({
    of: id as 'never' | 'idle' | 'unknown',
    value: count(seatsIn(seats.by_class, id)),
    to: { to: '/users', search: { class: id } } as const,
  })
  const shareOf = (id: SeatClass) => share(seatsIn(seats.by_class, id), seats.total)
  return (
    <>
      {(['never', 'idle'] as const).map((id) => (
        <Stat
          key={id}
          label={id === 'never' ? 'Never used' : 'Idle'}
          {...figure(id)}
          note={
            <ChangeNote since={change?.since} value={change?.[id]} good="down">
              {shareOf(id)}
            </ChangeNote>
          }
        />
      ))}
      <Stat
        label="Unknown"
        {...figure('unknown')}
        note={shareOf('unknown')}
        tone={seats.by_class.unknown > 0 ? 'unknown' : 'plain'}
      />
    </>
  )
}

function MoneyStats({ overview }: { overview: Overview }) {
  const { money, renewal, recommendations } = overview
  return (
    <>
      <Stat
        label="Cost of seats"
        of="monthly_cost"
        value={roundMoney(money.monthly_cost, money.currency)}
        note={money.monthly_cost == null ? 'no price entered' : 'per month'}
        to={{ to: '/licenses' }}
      />
      <Stat
        label="Identified savings"
        of="identified"
        value={roundMoney(money.identified_monthly, money.currency)}
        note="per month"
        to={{ to: '/recommendations' }}
      />
      <Stat
        label="Recommendations"
        of="open_recommendations"
        value={count(recommendations.open)}
        note="open"
        to={{ to: '/recommendations' }}
      />
      <Stat
        label="Realized savings"
        of="realized"
        value={roundMoney(money.realized_monthly, money.currency)}
        note="per month, verified"
        to={{ to: '/recommendations', search: { state: 'done' } }}
      />
      <Stat
        label="Renewal"
        of="renewal"
        value={renewal == null ? 'not entered' : plural(renewal.days, 'day', 'days')}
        note={renewal == null ? 'under Settings' : `notice by ${date(renewal.notice_by)}`}
        to={renewal == null ? { to: '/settings', search: { tab: 'contract' } } : { to: '/licenses', search: { tab: 'renewal' } }}
      />
      <Stat
        label="On-call duty"
        of="duty"
        value={hours(overview.duty.seconds)}
        note={plural(overview.duty.people, 'person', 'people')}
        to={{ to: '/on-call' }}
      />
    </>
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
