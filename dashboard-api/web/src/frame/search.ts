// The query of the address as flat text: the router's own reading would turn `q=123` into a number.
import type { SeatClass } from '../api/types'
import { isSeatClass } from '../words/classes'
import { isTimeZone } from '../words/zone'

export const PERIODS = [30, 60, 90, 180] as const
export type Period = (typeof PERIODS)[number]
export const DEFAULT_PERIOD: Period = 90

export interface FrameSearch {
  window?: Period
  team?: string
  license?: string
  tz?: string
  as_of?: string
  consent?: string
  request_id?: string
}

/** What every link keeps: the global filters. */
export const GLOBAL_FILTERS = ['window', 'team', 'license', 'tz', 'as_of'] as const

export interface UsersSearch {
  class?: SeatClass
  q?: string
  role?: string
  feature?: string
  verdict?: string
  recommendation?: string
  sort?: string
}

export interface TabSearch {
  tab?: string
}

export interface SyncSearch extends TabSearch {
  dataset?: string
}

export interface RecommendationsSearch {
  kind?: string
  state?: string
  confidence?: string
  order?: string
  open?: string
}

const SORT_KEYS = new Set(['name', 'email', 'role', 'class', 'last_any', 'duty', 'actions'])

export function readSearch(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query))
}

export function writeSearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') params.set(name, value)
    if (typeof value === 'number') params.set(name, `${value}`)
  }
  const query = params.toString()
  return query === '' ? '' : `?${query}`
}

export function readFrameSearch(search: Record<string, unknown>): FrameSearch {
  const period = PERIODS.find((days) => `${days}` === asText(search['window']))
  const zone = asText(search['tz'])
  const asOf = asText(search['as_of'])
  return defined({
    window: period === DEFAULT_PERIOD ? undefined : period,
    team: asText(search['team']),
    license: asText(search['license']),
    tz: zone !== undefined && zone !== 'UTC' && isTimeZone(zone) ? zone : undefined,
    as_of: asOf !== undefined && isDay(asOf) ? asOf : undefined,
    consent: asText(search['consent']),
    request_id: asText(search['request_id']),
  })
}

const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))

/** The search without the outcome of a consent, which is told once. */
export function withoutOutcome<T extends FrameSearch>(search: T): T {
  return { ...search, consent: undefined, request_id: undefined }
}

export function readUsersSearch(search: Record<string, unknown>): UsersSearch {
  const seatClass = asText(search['class'])
  const sort = asText(search['sort'])
  return defined({
    class: seatClass !== undefined && isSeatClass(seatClass) ? seatClass : undefined,
    q: asText(search['q']),
    role: asText(search['role']),
    feature: asText(search['feature']),
    verdict: asText(search['verdict']),
    recommendation: asText(search['recommendation']),
    sort: sort !== undefined && SORT_KEYS.has(sort.replace(/^-/, '')) ? sort : undefined,
  })
}

export const readTabSearch = (search: Record<string, unknown>): TabSearch =>
  defined({ tab: asText(search['tab']) })

export const readSyncSearch = (search: Record<string, unknown>): SyncSearch =>
  defined({ tab: asText(search['tab']), dataset: asText(search['dataset']) })

export const readRecommendationsSearch = (
  search: Record<string, unknown>,
): RecommendationsSearch =>
  defined({
    kind: asText(search['kind']),
    state: asText(search['state']),
    confidence: asText(search['confidence']),
    order: asText(search['order']),
    open: asText(search['open']),
  })

function asText(value: unknown): string | undefined {
  if (typeof value === 'number') return `${value}`
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The object without the keys that hold nothing, so that they leave the address. */
function defined<T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(search).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
