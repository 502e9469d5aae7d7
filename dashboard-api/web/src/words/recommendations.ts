// Recommendations in words: kinds, states, confidence and what a decision means.
import type { DecisionState, Recommendation, RecommendationKind, Wish } from '../api/recommendations'
import type { Tone } from '../parts/badge'
import { humanize } from './format'

interface KindWords {
  id: RecommendationKind
  label: string
  definition: string
  tone: Tone
}

export const KINDS: readonly KindWords[] = [
  {
    id: 'reclaim',
    label: 'Reclaim',
    definition: 'The seat is idle, was never used, or its invitation is long outstanding, and nothing depends on it.',
    tone: 'good',
  },
  {
    id: 'downgrade',
    label: 'Downgrade',
    definition: 'A full seat that only looks, while a stakeholder license exists that its role may hold.',
    tone: 'good',
  },
  {
    id: 'review',
    label: 'Review',
    definition: 'It would be reclaimed or downgraded, but something depends on it. No saving is counted.',
    tone: 'warn',
  },
  {
    id: 'addon',
    label: 'Add-on',
    definition: 'An add-on of the account is on, and nothing of it was used in the period.',
    tone: 'good',
  },
  {
    id: 'ghost',
    label: 'Ghost responder',
    definition: 'On duty and notified at least five times in the period, with no acknowledgement. A risk, not a saving.',
    tone: 'bad',
  },
]

export const kindWords = (id: string): Omit<KindWords, 'id'> =>
  KINDS.find((kind) => kind.id === id) ?? { label: humanize(id), definition: '', tone: 'plain' }

interface StateWords {
  id: DecisionState
  label: string
  tone: Tone
}

export const STATES: readonly StateWords[] = [
  { id: 'open', label: 'Open', tone: 'plain' },
  { id: 'accepted', label: 'Accepted', tone: 'good' },
  { id: 'done', label: 'Done, verified', tone: 'good' },
  { id: 'snoozed', label: 'Snoozed', tone: 'warn' },
  { id: 'dismissed', label: 'Dismissed', tone: 'plain' },
]

export const stateWords = (id: string): Omit<StateWords, 'id'> =>
  STATES.find((state) => state.id === id) ?? { label: humanize(id), tone: 'plain' }

export const CONFIDENCE: Record<Recommendation['confidence'], string> = {
  high: 'Every source behind it is younger than 26 hours.',
  medium: 'Every source behind it is younger than 72 hours.',
}

export const realizableWords = (when: Recommendation['realizable']): string =>
  when === 'now' ? 'now' : 'at renewal'

interface DecisionWords {
  state: Wish
  verb: string
  explanation: string
  reason: 'required' | 'optional' | 'none'
}

/** What can be decided, in the order of the buttons. */
export const DECISIONS: readonly DecisionWords[] = [
  {
    state: 'accepted',
    verb: 'Accept',
    explanation:
      'It is agreed, and someone makes the change at PagerDuty: nothing is written from here. It is done, and its saving counts, when a later sync sees the seat gone or changed.',
    reason: 'optional',
  },
  {
    state: 'snoozed',
    verb: 'Snooze',
    explanation: 'It is hidden until the day below and then asked again.',
    reason: 'optional',
  },
  {
    state: 'dismissed',
    verb: 'Dismiss',
    explanation: 'It is not followed. The reason stays with it, for whoever asks later.',
    reason: 'required',
  },
  { state: 'open', verb: 'Reopen', explanation: 'It is open again, as if nothing was decided.', reason: 'none' },
]

const BLOCKERS: Record<string, string> = {
  sole_target: 'Only target of an escalation level',
  on_schedule: 'On call within 30 days',
  open_incident: 'Assigned to an open incident',
  sole_manager: 'Only manager of a team',
}

export const blockerLabel = (id: string): string => BLOCKERS[id] ?? humanize(id)

/** What a recommendation is about: a person, an add-on, or neither. */
export const subjectOf = ({ user, addon }: Recommendation): string =>
  user?.name ?? addon?.name ?? 'the account'
