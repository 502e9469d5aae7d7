// The six steps of the heat map. Unknown and "nobody is eligible" are no steps: they look different.
import type { HeatCell } from '../api/features'

export const STEPS = [
  { step: '0', label: '0 %', below: 0.0001 },
  { step: '1', label: '< 10', below: 10 },
  { step: '2', label: '< 25', below: 25 },
  { step: '3', label: '< 50', below: 50 },
  { step: '4', label: '< 75', below: 75 },
  { step: '5', label: '≤ 100 %', below: Infinity },
] as const

export type HeatStep = (typeof STEPS)[number]['step'] | 'unknown' | 'none'

export function heatStep({ percent, eligible, unknown }: HeatCell): HeatStep {
  if (percent == null) return unknown > 0 ? 'unknown' : 'none'
  if (eligible === 0) return 'none'
  return STEPS.find(({ below }) => percent < below)?.step ?? '5'
}
