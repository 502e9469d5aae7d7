// The cells of the Users table that are more than a text.
import { Link } from '@tanstack/react-router'
import type { UserRow } from '../../api/types'
import { featureName } from '../../words/features'
import { count, date, daysBefore, instant, NO_FIGURE } from '../../words/format'
import { kindWords } from '../../words/recommendations'
import { verdictCell, verdictSentence } from '../../words/verdicts'
import type { Scope } from './user-columns'
import classes from './users.module.css'

export function NameCell({ user }: { user: UserRow }) {
  return (
    <>
      <Link to="/users/$userId" params={{ userId: user.id }} className={classes.name ?? ''}>
        {user.name}
      </Link>
      <span className={classes.email}>
        {user.deleted_at == null ? user.email : `deleted ${date(user.deleted_at)}`}
      </span>
    </>
  )
}

export function LastAnyCell({ user, scope }: { user: UserRow; scope: Scope }) {
  const last = user.last_any
  if (last == null) return 'none on record'
  const days = daysBefore(last.at, scope.asOf)
  return (
    <span title={instant(last.at)}>
      {days === 0 ? 'today' : `${count(days)} d`} · {featureName(last.feature, scope.catalogue)}
    </span>
  )
}

export function RecommendationCell({ user }: { user: UserRow }) {
  const { recommendation } = user
  if (user.exempt != null) return <span title={user.exempt.reason}>exempt</span>
  if (recommendation == null) return NO_FIGURE
  return (
    <Link to="/recommendations" search={{ open: recommendation.id, state: 'all' }}>
      {kindWords(recommendation.kind).label}
    </Link>
  )
}

export function FeatureCell({ user, id, scope }: { user: UserRow; id: string; scope: Scope }) {
  const verdict = user.features[id]
  const name = featureName(id, scope.catalogue)
  const unknown = verdict === undefined || verdict.verdict === 'unknown'
  return (
    <span
      className={classes.verdict}
      data-verdict={verdict?.verdict ?? 'unknown'}
      title={verdictSentence(name, verdict, scope.windowDays)}
      {...(unknown ? { role: 'img', 'aria-label': 'unknown' } : {})}
    >
      {verdictCell(verdict, scope.asOf)}
    </span>
  )
}
