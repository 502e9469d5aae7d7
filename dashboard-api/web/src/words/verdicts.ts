// The three-valued verdict of a feature for a seat, in words that keep unknown, unused and zero apart.
import type { FeatureVerdict, Verdict } from '../api/types'
import { count, daysBefore, instant, plural, textOr } from './format'

export interface VerdictWords {
  id: Verdict
  label: string
  definition: string
}

export const VERDICTS: readonly VerdictWords[] = [
  { id: 'used', label: 'Used', definition: 'At least one use in the period.' },
  {
    id: 'unused',
    label: 'Unused',
    definition: 'No use in the period, and every source that could show one was read completely.',
  },
  {
    id: 'unknown',
    label: 'Unknown',
    definition: 'No use was seen, but a source is missing or not complete, so nothing is claimed.',
  },
  {
    id: 'not_eligible',
    label: 'Not eligible',
    definition: 'The license or role cannot use the feature.',
  },
]

export function verdictLabel(id: Verdict): string {
  return VERDICTS.find((words) => words.id === id)?.label ?? id
}

/** The cell of a feature column: days since the last use, `never`, `n/a`, or `?` for unknown. */
export function verdictCell(verdict: FeatureVerdict | undefined, asOf: string): string {
  if (verdict === undefined || verdict.verdict === 'unknown') return '?'
  if (verdict.verdict === 'not_eligible') return 'n/a'
  return verdict.last == null ? 'never' : `${count(daysBefore(verdict.last, asOf))} d`
}

/** The full sentence behind a cell. */
export function verdictSentence(
  name: string,
  verdict: FeatureVerdict | undefined,
  windowDays: number,
): string {
  if (verdict === undefined) return `${name}: unknown, no verdict was given.`
  const last = verdict.last == null ? '' : ` Last use ${instant(verdict.last)}.`
  switch (verdict.verdict) {
    case 'used':
      return `${name}: ${plural(verdict.uses, 'use', 'uses')} on ${plural(verdict.active_days, 'day', 'days')} in ${windowDays} days.${last}`
    case 'unused':
      return `${name}: no use in ${windowDays} days.${last || ' Never used before.'}`
    case 'not_eligible':
      return `${name}: the license or role cannot use it.`
    case 'unknown':
      return `${name}: unknown. ${textOr(verdict.reason, 'a source is not complete for the period')}.${last}`
  }
}
