// The columns of the Users table: what each shows, by which key the server sorts it, what it means.
import { createColumnHelper, tableFeatures } from '@tanstack/react-table'
import type { Feature, UserRow } from '../../api/types'
import { SeatClassMark } from '../../parts/seat-class'
import { DEFINITIONS, SOURCES } from '../../words/definitions'
import { featureName, KEY_FEATURES } from '../../words/features'
import { count, hours, humanize, NO_FIGURE } from '../../words/format'
import { money } from '../../words/money'
import { FeatureCell, LastAnyCell, NameCell, RecommendationCell } from './user-cells'

/** What a cell needs besides its row. */
export interface Scope {
  asOf: string
  windowDays: number
  catalogue: readonly Feature[] | undefined
  currency: string | null | undefined
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

const defined = (name: keyof typeof DEFINITIONS): string => {
  const source = SOURCES[name]
  return source === undefined ? DEFINITIONS[name] : `${DEFINITIONS[name]} From ${source}.`
}

/** The columns that are not features. */
export const FIXED: Record<string, ColumnNotes> = {
  name: { label: 'Name', width: 216, sort: 'name' },
  role: { label: 'Role', width: 104, sort: 'role' },
  license: { label: 'License', width: 120 },
  teams: { label: 'Teams', width: 124 },
  class: { label: 'Class', width: 96, sort: 'class', definition: DEFINITIONS.classes },
  last_any: { label: 'Last use', width: 136, sort: 'last_any', definition: DEFINITIONS.last_any },
  duty: { label: 'Duty', width: 72, sort: 'duty', definition: defined('duty'), numeric: true },
  actions: { label: 'Actions', width: 78, sort: 'actions', definition: defined('actions'), numeric: true },
  cost: { label: 'Cost / mo', width: 88, definition: defined('cost'), numeric: true },
  recommendation: { label: 'Recommended', width: 122 },
}

export const DEFAULT_COLUMNS: readonly string[] = [
  'role',
  'license',
  'class',
  'last_any',
  'duty',
  'actions',
  'cost',
  'recommendation',
  'signin',
  'mobile_app',
  'ack',
  'resolve',
  'note',
  'responder',
  'status_update',
]

const FEATURE_WIDTH = 76

/** The head of a column, a feature's when it is none of the fixed ones. */
export function notesOf(id: string, catalogue: readonly Feature[] | undefined): ColumnNotes {
  const fixed = FIXED[id]
  if (fixed !== undefined) return fixed
  const short = KEY_FEATURES.find((feature) => feature.id === id)?.label
  return {
    label: short ?? featureName(id, catalogue),
    width: short === undefined ? FEATURE_WIDTH + 40 : FEATURE_WIDTH,
    definition: `${featureName(id, catalogue)}. ${DEFINITIONS.feature_cell}`,
    numeric: true,
  }
}

export function tableWidth(ids: readonly string[], catalogue: readonly Feature[] | undefined): number {
  return ids.reduce((sum, id) => sum + notesOf(id, catalogue).width, 0)
}

export function userColumns(ids: readonly string[], scope: Scope) {
  return helper.columns(
    ids.map((id) => helper.display({ id, cell: ({ row }) => cellOf(id, row.original, scope) })),
  )
}

function cellOf(id: string, user: UserRow, scope: Scope) {
  switch (id) {
    case 'name':
      return <NameCell user={user} />
    case 'role':
      return humanize(user.role)
    case 'license':
      return user.license?.name ?? 'unknown'
    case 'teams':
      return user.teams.map((team) => team.name).join(', ') || NO_FIGURE
    case 'class':
      return <SeatClassMark of={user.class} />
    case 'last_any':
      return <LastAnyCell user={user} scope={scope} />
    case 'duty':
      return hours(user.duty_seconds)
    case 'actions':
      return count(user.actions)
    case 'cost':
      return money(user.cost_monthly, scope.currency)
    case 'recommendation':
      return <RecommendationCell user={user} />
    default:
      return <FeatureCell user={user} id={id} scope={scope} />
  }
}
