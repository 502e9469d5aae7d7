// Numbers and instants as words. Days are UTC, as the definitions count them; instants are written in
// the reader's time zone and name it.
import { timeZone } from './zone'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const WHOLE = new Intl.NumberFormat('en-US')
const ONE_DECIMAL = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})
const DATE = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  year: 'numeric',
  month: 'short',
  day: 'numeric',
})
const SHORT_DATE = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  month: 'short',
  day: 'numeric',
})
const INSTANTS = new Map<string, Intl.DateTimeFormat>()

function instantFormat(zone: string): Intl.DateTimeFormat {
  const known = INSTANTS.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  })
  INSTANTS.set(zone, made)
  return made
}

const MONTH = new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', year: 'numeric', month: 'short' })

/** What stands where there is no figure; never a zero. */
export const NO_FIGURE = '–'

export const count = (value: number): string => WHOLE.format(value)

export const countOf = (value: number | null | undefined): string =>
  value == null ? NO_FIGURE : count(value)

/** `1 person`, `2 people`. */
export const plural = (value: number, one: string, many: string): string =>
  `${count(value)} ${value === 1 ? one : many}`

export const percent = (value: number | null | undefined): string =>
  value == null ? NO_FIGURE : `${ONE_DECIMAL.format(value)} %`

/** A part of a whole for a label; an empty whole has no share. */
export const share = (part: number, whole: number): string =>
  whole === 0 ? NO_FIGURE : percent((part / whole) * 100)

/** Seconds as hours; a tenth shows below ten hours only. */
export function hours(seconds: number): string {
  const value = seconds / HOUR
  if (value === 0) return '0 h'
  return value < 10 ? `${ONE_DECIMAL.format(value)} h` : `${count(Math.round(value))} h`
}

export const date = (at: string): string => DATE.format(new Date(at))

export const shortDate = (at: string): string => SHORT_DATE.format(new Date(at))

export const instant = (at: string | null | undefined): string =>
  at == null ? NO_FIGURE : instantFormat(timeZone()).format(new Date(at))

/** Whole days between an instant and the as-of of the answer that names it. */
export function daysBefore(at: string, asOf: string): number {
  return Math.max(0, Math.floor(secondsBetween(at, asOf) / DAY))
}

export function secondsBetween(from: string, to: string): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000
}

/** `12 min ago`, `in 3 h`, `just now`. */
export function relative(at: string | null | undefined, now: Date): string {
  if (at == null) return NO_FIGURE
  const seconds = (now.getTime() - new Date(at).getTime()) / 1000
  const span = spanOf(Math.abs(seconds))
  if (span === null) return 'just now'
  return seconds >= 0 ? `${span} ago` : `in ${span}`
}

function spanOf(seconds: number): string | null {
  if (seconds < MINUTE) return null
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h`
  return `${Math.floor(seconds / DAY)} d`
}

/** A name of the API as words: `log_entries` → `Log entries`, `FullUser` → `Full user`. */
export function humanize(name: string): string {
  const parted = name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').replaceAll(/[_-]+/g, ' ')
  const words = parted.trim().toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The text, or what stands in when the server sent none; it says so by null and by empty text. */
export const textOr = (text: string | null | undefined, fallback: string): string =>
  text == null || text === '' ? fallback : text

/** `a`, `a and b`, `a, b and c`. */
export function list(words: string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1] ?? ''}`
}

/** `2026-03` → `Mar 2026`. */
export const month = (name: string): string =>
  MONTH.format(new Date(`${name.slice(0, 7)}-01T00:00:00Z`))

/** A short span: `45 s`, `12 min`, `3.5 h`. */
export function span(seconds: number | null | undefined): string {
  if (seconds == null) return NO_FIGURE
  if (seconds < MINUTE) return `${Math.round(seconds)} s`
  if (seconds < HOUR) return `${Math.round(seconds / MINUTE)} min`
  return hours(seconds)
}

/** `+3`, `−2`, `±0`, with the sign a reader expects. */
export function signed(value: number, write: (value: number) => string = count): string {
  if (value === 0) return '±0'
  return `${value > 0 ? '+' : '−'}${write(Math.abs(value))}`
}

/** The UTC day of an instant as `YYYY-MM-DD`. */
export const dayOf = (at: string | Date): string => new Date(at).toISOString().slice(0, 10)
