// The query of the address as flat text: the router's own reading would turn `q=123` into a number.
import { isSeatClass } from '../words/classes'
import type { SeatClass } from '../api/types'

export const PERIODS = [30, 60, 90, 180] as const
export type Period = (typeof PERIODS)[number]
export const DEFAULT_PERIOD: Period = 90

export interface FrameSearch {
  window?: Period
  consent?: string
  request_id?: string
}

export interface UsersSearch {
  class?: SeatClass
  q?: string
  license?: string
  team?: string
  sort?: string
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
  return defined({
    window: period === DEFAULT_PERIOD ? undefined : period,
    consent: asText(search['consent']),
    request_id: asText(search['request_id']),
  })
}

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
    license: asText(search['license']),
    team: asText(search['team']),
    sort: sort !== undefined && SORT_KEYS.has(sort.replace(/^-/, '')) ? sort : undefined,
  })
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'number') return `${value}`
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The object without the keys that hold nothing, so that they leave the address. */
function defined<T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(search).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
