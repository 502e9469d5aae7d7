// The four verdicts of a feature over all seats, and of the classes over all seats: the two bars.
import type { ByClass, Feature } from '../api/types'
import { CLASSES, seatsIn } from '../words/classes'
import { VERDICTS } from '../words/verdicts'
import { StackedBar, type Part } from './stacked-bar'

const VERDICT_COLORS = {
  used: 'var(--verdict-used)',
  unused: 'var(--verdict-unused)',
  unknown: null,
  not_eligible: 'var(--verdict-not-eligible)',
}

export function VerdictBar(props: { feature: Feature; height?: number }) {
  const parts: Part[] = VERDICTS.map(({ id, label }) => ({
    id,
    label,
    value: props.feature[id],
    color: VERDICT_COLORS[id],
  }))
  return <StackedBar parts={parts} height={props.height ?? 10} label={props.feature.name} />
}

export function ClassBar(props: { byClass: ByClass; height: number; label: string }) {
  const parts: Part[] = CLASSES.map(({ id, label }) => ({
    id,
    label,
    value: seatsIn(props.byClass, id),
    color: id === 'unknown' ? null : `var(--class-${id})`,
  }))
  return <StackedBar parts={parts} height={props.height} label={props.label} />
}
