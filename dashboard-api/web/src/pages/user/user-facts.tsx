// Who holds the seat, and the seat's figures.
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Feature, UserDetail } from '../../api/types'
import { HintText } from '../../parts/hint'
import { Outbound } from '../../parts/outbound'
import { SeatClassMark } from '../../parts/seat-class'
import { Stat } from '../../parts/stat'
import { classDefinition } from '../../words/classes'
import { featureName } from '../../words/features'
import { count, date, daysBefore, hours, humanize, NO_FIGURE, plural, textOr } from '../../words/format'
import { ExemptionButton } from './exemption'
import classes from './user.module.css'

export function UserFacts(props: { user: UserDetail; catalogue: Feature[] }) {
  const { user } = props
  return (
    <div className={classes.facts}>
      <dl className={classes.factList}>
        <Fact name="Class">
          <HintText text={classDefinition(user.class)}>
            <SeatClassMark of={user.class} />
          </HintText>{' '}
          <ExemptionButton user={user} />
        </Fact>
        <Fact name="Role">{humanize(user.role)}</Fact>
        <Fact name="License">{license(user)}</Fact>
        <Fact name="Teams">{teams(user)}</Fact>
        <Fact name="Job title">{textOr(user.job_title, NO_FIGURE)}</Fact>
        <Fact name="Time zone">{textOr(user.time_zone, NO_FIGURE)}</Fact>
        <Fact name="Invitation">{user.invitation_sent ? 'sent' : 'not outstanding'}</Fact>
        <Fact name="Seat since">{since(user)}</Fact>
        {user.url != null && (
          <Fact name="Source">
            <Outbound href={user.url}>Open in PagerDuty</Outbound>
          </Fact>
        )}
      </dl>
      <Figures {...props} />
    </div>
  )
}

function Figures({ user, catalogue }: { user: UserDetail; catalogue: Feature[] }) {
  const last = user.last_any
  const days = last == null ? 0 : daysBefore(last.at, user.as_of)
  return (
    <section className={classes.figures} aria-label="Key figures">
      <Stat
        label="Last use"
        of="last_any"
        value={last == null ? 'none' : days === 0 ? 'today' : `${count(days)} d ago`}
        note={last == null ? 'on record' : featureName(last.feature, catalogue)}
      />
      <Stat label="Actions" of="actions" value={count(user.actions)} note={plural(user.window_days, 'day', 'days')} />
      <Stat label="On-call duty" of="duty" value={hours(user.duty_seconds)} note="all levels" />
      <Stat label="Level 1" of="duty_level_1" value={hours(user.duty_level_1_seconds)} note="first to be paged" />
      <Stat label="Level 2+" of="duty_level_2" value={hours(user.duty_level_2_plus_seconds)} note="backup" />
    </section>
  )
}

function Fact(props: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}

function license({ license: held }: UserDetail): ReactNode {
  if (held == null) return 'unknown'
  return (
    <Link to="/users" search={{ license: held.id }}>
      {held.name}
    </Link>
  )
}

function teams({ teams: member }: UserDetail): ReactNode {
  if (member.length === 0) return 'none'
  return (
    <ul className={classes.teams}>
      {member.map(({ id, name }) => (
        <li key={id}>
          <Link to="/users" search={{ team: id }}>
            {name}
          </Link>
        </li>
      ))}
    </ul>
  )
}

function since(user: UserDetail): string {
  return user.allocated_at == null
    ? `${date(user.first_seen_at)} (first seen)`
    : date(user.allocated_at)
}
