// The class of a seat in words. The rules themselves are the server's.
import type { ByClass, SeatClass } from '../api/types'

export interface ClassWords {
  id: SeatClass
  label: string
  definition: string
}

/** In the order of the bars: from used to unused, what we cannot say last. */
export const CLASSES: readonly ClassWords[] = [
  { id: 'active', label: 'Active', definition: 'An action or on-call duty in the period.' },
  { id: 'viewer', label: 'Viewer', definition: 'Signed in within the period; no action, no duty.' },
  {
    id: 'standby',
    label: 'Standby',
    definition:
      'No use in the period, but an escalation target or on a schedule within the next 30 days.',
  },
  {
    id: 'new',
    label: 'New',
    definition: 'The seat was given less than 30 days ago and has not been used yet.',
  },
  { id: 'pending', label: 'Pending', definition: 'Invitation outstanding and never signed in.' },
  { id: 'idle', label: 'Idle', definition: 'Used before the period, not within it.' },
  { id: 'never', label: 'Never', definition: 'No use ever, in all the history that was read.' },
  {
    id: 'unknown',
    label: 'Unknown',
    definition:
      'A source that could show an action, duty or sign-in is not complete for the period, so nothing is claimed.',
  },
  {
    id: 'exempt',
    label: 'Exempt',
    definition: 'Set apart by an administrator, with a reason and an end date.',
  },
]

const BY_ID = new Map<string, ClassWords>(CLASSES.map((words) => [words.id, words]))

export function isSeatClass(value: string): value is SeatClass {
  return BY_ID.has(value)
}

export function classLabel(id: string): string {
  return BY_ID.get(id)?.label ?? id
}

export function classDefinition(id: string): string {
  return BY_ID.get(id)?.definition ?? ''
}

export const seatsIn = (byClass: ByClass, id: SeatClass): number => byClass[id]
