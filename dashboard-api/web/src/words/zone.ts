// The time zone in which instants are written. Days, weeks and windows stay UTC: the definitions
// count in UTC, and a figure must not change with the reader's clock.

let current = 'UTC'

export const timeZone = (): string => current

export function setTimeZone(zone: string): void {
  current = zone
}

export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** The zone of the browser. */
export const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone

/** What the filter offers: UTC, the reader's own, and every zone the browser knows. */
export function timeZones(): string[] {
  return [...new Set(['UTC', ownTimeZone(), ...Intl.supportedValuesOf('timeZone')])]
}
