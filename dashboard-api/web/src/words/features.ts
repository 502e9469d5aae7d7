// Which features have a column of their own on the Users page, and how areas are called and ordered.
import type { Feature } from '../api/types'
import { humanize } from './format'

export interface FeatureColumn {
  id: string
  label: string
}

export const KEY_FEATURES: readonly FeatureColumn[] = [
  { id: 'signin', label: 'Sign-in' },
  { id: 'mobile_app', label: 'Mobile' },
  { id: 'ack', label: 'Ack' },
  { id: 'resolve', label: 'Resolve' },
  { id: 'reassign', label: 'Reassign' },
  { id: 'note', label: 'Note' },
  { id: 'responder', label: 'Responder' },
  { id: 'status_update', label: 'Status upd.' },
]

const AREAS: Record<string, string> = {
  access: 'Access',
  'on-call': 'On-call',
  oncall: 'On-call',
  response: 'Response',
  communication: 'Communication',
  channel: 'Channels used to act',
  configuration: 'Configuration',
  automation: 'Automation',
  account: 'Add-ons of the account',
}

export const areaLabel = (area: string): string => AREAS[area] ?? humanize(area)

export interface AreaGroup<T> {
  area: string
  features: T[]
}

/** Features by area, in the order of the catalogue. */
export function byArea<T extends Pick<Feature, 'area'>>(features: readonly T[]): AreaGroup<T>[] {
  const groups = new Map<string, T[]>()
  for (const feature of features) {
    const group = groups.get(feature.area)
    if (group === undefined) groups.set(feature.area, [feature])
    else group.push(feature)
  }
  return [...groups].map(([area, members]) => ({ area, features: members }))
}

/** The name of a feature, also when the catalogue has not arrived or does not know it. */
export function featureName(id: string, catalogue: readonly Feature[] | undefined): string {
  return (
    catalogue?.find((feature) => feature.id === id)?.name ??
    KEY_FEATURES.find((feature) => feature.id === id)?.label ??
    humanize(id)
  )
}
