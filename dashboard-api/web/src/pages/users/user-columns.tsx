// The columns of the Users table: what each shows, by which key the server sorts it, what it means.
import { createColumnHelper, tableFeatures } from '@tanstack/react-table'
import { Link } from '@tanstack/react-router'
import type { Feature, UserRow } from '../../api/types'
import { SeatClassMark } from '../../parts/seat-class'
import { DEFINITIONS } from '../../words/definitions'
import { featureName, KEY_FEATURES } from '../../words/features'
import { count, daysBefore, hours, humanize, instant, NO_FIGURE } from '../../words/format'
import { verdictCell, verdictSentence } from '../../words/verdicts'
import classes from './users.module.css'

/** What a cell needs besides its row. */
export interface Scope {
  asOf: string
  windowDays: number
  catalogue: readonly Feature[] | undefined
}

/** What the head needs: the server's sort key, a definition, and how the cells align. */
export interface ColumnNotes {
  label: string
  width: number
  sort?: string
  definition?: string
  numeric?: boolean
}

export const features = tableFeatures({})
const helper = createColumnHelper<typeof features, UserRow>()

export const NOTES: Record<string, ColumnNotes> = {
  name: { label: 'Name', width: 204, sort: 'name' },
  role: { label: 'Role', width: 104, sort: 'role' },
  license: { label: 'License', width: 120 },
  teams: { label: 'Teams', width: 124 },
  class: { label: 'Class', width: 96, sort: 'class', definition: DEFINITIONS.classes },
  last_any: { label: 'Last use', width: 136, sort: 'last_any', definition: DEFINITIONS.last_any },
  ...Object.fromEntries(
    KEY_FEATURES.map(({ id, label }) => [
      id,
      { label, width: 76, definition: DEFINITIONS.feature_cell, numeric: true },
    ]),
  ),
  duty: { label: 'Duty', width: 76, sort: 'duty', definition: DEFINITIONS.duty, numeric: true },
  actions: {
    label: 'Actions',
    width: 78,
    sort: 'actions',
    definition: DEFINITIONS.actions,
    numeric: true,
  },
}

export const TABLE_WIDTH = Object.values(NOTES).reduce((sum, { width }) => sum + width, 0)

export function userColumns(scope: Scope) {
  return helper.columns([
    helper.display({ id: 'name', cell: ({ row }) => <NameCell user={row.original} /> }),
    helper.display({ id: 'role', cell: ({ row }) => humanize(row.original.role) }),
    helper.display({ id: 'license', cell: ({ row }) => row.original.license?.name ?? 'unknown' }),
    helper.display({
      id: 'teams',
      cell: ({ row }) => row.original.teams.map((team) => team.name).join(', ') || NO_FIGURE,
    }),
    helper.display({ id: 'class', cell: ({ row }) => <SeatClassMark of={row.original.class} /> }),
    helper.display({ id: 'last_any', cell: ({ row }) => lastAny(row.original, scope) }),
    ...KEY_FEATURES.map(({ id }) =>
      helper.display({ id, cell: ({ row }) => <FeatureCell user={row.original} id={id} scope={scope} /> }),
    ),
    helper.display({ id: 'duty', cell: ({ row }) => hours(row.original.duty_seconds) }),
    helper.display({ id: 'actions', cell: ({ row }) => count(row.original.actions) }),
  ])
}

function NameCell({ user }: { user: UserRow }) {
  return (
    <>
      <Link to="/users/$userId" params={{ userId: user.id }} className={classes.name ?? ''}>
        {user.name}
      </Link>
      <span className={classes.email}>{user.email}</span>
    </>
  )
}

function lastAny({ last_any: last }: UserRow, scope: Scope) {
  if (last == null) return 'none on record'
  const days = daysBefore(last.at, scope.asOf)
  return (
    <span title={instant(last.at)}>
      {days === 0 ? 'today' : `${count(days)} d`} · {featureName(last.feature, scope.catalogue)}
    </span>
  )
}

function FeatureCell({ user, id, scope }: { user: UserRow; id: string; scope: Scope }) {
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
