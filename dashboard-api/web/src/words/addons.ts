// The add-ons of an account under the names PagerDuty sells them.
import type { Addon } from '../api/features'
import { humanize, textOr } from './format'

const NAMES: Record<string, string> = {
  status_pages: 'Status Pages',
  aiops: 'AIOps',
  advance: 'PagerDuty Advance',
  business_services: 'Business services',
  workflows: 'Incident workflows',
  automation: 'Automation Actions',
  orchestration: 'Event Orchestration',
  custom_priorities: 'Custom priorities',
}

export const addonName = ({ id, name }: Pick<Addon, 'id' | 'name'>): string =>
  NAMES[id] ?? textOr(name, humanize(id))
