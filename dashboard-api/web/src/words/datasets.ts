// The datasets of a connection in plain words, and what is wrong with them when something is.
import type { DatasetState, DatasetStateName, RunState } from '../api/types'
import { humanize } from './format'

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
}

export const runLabel = (state: RunState): string => RUNS[state]

/** The datasets that cannot be relied on; one that was never fetched is not relied on either. */
export function gaps<T extends DatasetState>(datasets: readonly T[]): T[] {
  return datasets.filter((dataset) => dataset.state !== 'complete')
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
