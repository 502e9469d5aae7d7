// The datasets of a connection in plain words, and what is wrong with them when something is.
import type { DatasetState, DatasetStateName, RunState } from '../api/types'
import { date, humanize } from './format'

interface DatasetWords {
  label: string
  reads: string
}

const DATASETS: Record<string, DatasetWords> = {
  users: { label: 'Users', reads: 'People with a seat: name, e-mail, role, job title' },
  licenses: { label: 'Licenses', reads: 'Licenses of the account and how many are bought' },
  license_allocations: { label: 'License allocations', reads: 'Who holds which license, since when' },
  teams: { label: 'Teams', reads: 'Teams and their members' },
  services: { label: 'Services', reads: 'Services and their escalation policies' },
  escalation_policies: { label: 'Escalation policies', reads: 'Who is a target at which level' },
  schedules: { label: 'Schedules', reads: 'Rotations, including the next 30 days' },
  user_analytics: { label: 'User analytics', reads: 'When each person signed in last' },
  oncalls: { label: 'On-call shifts', reads: 'Who was on call when, for the last 12 months' },
  log_entries: {
    label: 'Log entries',
    reads: 'Who acknowledged, resolved, reassigned, noted, and over which channel; no message text',
  },
  incidents: { label: 'Incidents', reads: 'Responder requests and answers; no message text' },
  abilities: { label: 'Abilities', reads: 'Which paid abilities the plan has' },
  priorities: { label: 'Priorities', reads: 'Whether custom priorities are set up' },
  tags: { label: 'Tags', reads: 'Names of tags' },
  business_services: { label: 'Business services', reads: 'Whether they are set up and kept' },
  maintenance_windows: { label: 'Maintenance windows', reads: 'Who planned them, when' },
  status_pages: { label: 'Status pages', reads: 'Which pages exist' },
  status_page_posts: { label: 'Status page posts', reads: 'When something was posted; no text' },
  incident_workflows: { label: 'Incident workflows', reads: 'Which workflows exist and are on' },
  automation_actions: { label: 'Automation actions', reads: 'Actions and who ran them last' },
  automation_invocations: { label: 'Automation runs', reads: 'Who ran which action, when' },
  event_orchestrations: { label: 'Event orchestrations', reads: 'Who edited them last' },
  alert_grouping_settings: { label: 'Alert grouping', reads: 'Whether AIOps grouping is set up' },
  extensions: { label: 'Extensions', reads: 'Which extensions are installed' },
  templates: { label: 'Templates', reads: 'Which templates exist; no text' },
  subscriptions: { label: 'Subscriptions', reads: 'Who follows which business service' },
  user_delegations: { label: 'Sign-in sessions', reads: 'Newest web or app session per person' },
  audit_records: { label: 'Audit records', reads: 'Who changed the configuration, when' },
  notifications: { label: 'Notifications', reads: 'That someone was notified; never an address' },
  change_events: { label: 'Change events', reads: 'How many changes were sent' },
  responder_analytics: { label: 'Responder analytics', reads: "PagerDuty's own weekly figures per person" },
  incident_analytics: { label: 'Incident analytics', reads: "PagerDuty's own figures per incident" },
  advance_usage: { label: 'Advance credits', reads: 'Credits used, per day' },
  webhooks: { label: 'Webhooks', reads: 'Events as they happen, between two syncs' },
}

/** What the catalog card lists: everything a sync reads, in the order in which it reads it. */
export const READ_DATASETS: readonly string[] = Object.keys(DATASETS)

export const datasetLabel = (name: string): string => DATASETS[name]?.label ?? humanize(name)

export const datasetReads = (name: string): string => DATASETS[name]?.reads ?? ''

const STATES: Record<DatasetStateName, string> = {
  complete: 'Complete',
  partial: 'Partial',
  forbidden: 'Forbidden',
  not_in_plan: 'Not in plan',
  pending: 'Pending',
}

export const datasetStateLabel = (state: DatasetStateName): string => STATES[state]

const RUNS: Record<RunState, string> = {
  queued: 'Queued',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  paused: 'Paused',
  cancelled: 'Cancelled',
}

export const runLabel = (state: RunState): string => RUNS[state]

/** Parts of the product that many plans do not have: their absence says that nobody uses them. */
const EXTRAS = new Set([
  'automation_actions',
  'automation_invocations',
  'event_orchestrations',
  'status_pages',
  'status_page_posts',
  'incident_workflows',
  'business_services',
  'alert_grouping_settings',
  'responder_analytics',
  'incident_analytics',
  'advance_usage',
  'subscriptions',
  'templates',
])

/** The datasets that cannot be relied on; one that was never fetched is not relied on either. */
export function gaps<T extends DatasetState>(datasets: readonly T[]): T[] {
  return datasets.filter(({ dataset, state, reason }) => {
    if (state === 'not_in_plan') return !EXTRAS.has(dataset)
    // Events only add to what the syncs prove, and begin when they were turned on.
    if (dataset === 'webhooks') return false
    if (state === 'pending') return !reason.startsWith('not needed')
    return state !== 'complete'
  })
}

/** Why a dataset is not complete, as the end of a sentence. */
export function gapReason(dataset: DatasetState): string {
  if (dataset.reason) return dataset.reason
  switch (dataset.state) {
    case 'forbidden':
      return 'the granted access does not cover it'
    case 'not_in_plan':
      return 'the PagerDuty plan of this account does not have it'
    case 'partial':
      return 'not all of the period has been read yet'
    case 'pending':
      return 'not read yet'
    case 'complete':
      return ''
  }
}

/** How far a dataset reaches, or why it does not. */
export function coverageWords(dataset: DatasetState): string {
  const reason = gapReason(dataset)
  if (reason !== '') return reason
  if (dataset.covered_from == null || dataset.covered_to == null) return 'whole snapshot'
  return `${date(dataset.covered_from)} – ${date(dataset.covered_to)}`
}
