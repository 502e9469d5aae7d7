// Answers of the API with only what a test cares about spelled out.
import type { Connection, DatasetProgress, Feature, FeatureVerdict, Sync } from '../src/api/types'

export function verdict(parts: Partial<FeatureVerdict>): FeatureVerdict {
  return { verdict: 'unused', last: null, uses: 0, active_days: 0, reason: null, ...parts }
}

export function feature(id: string, area: Feature['area']): Feature {
  return {
    id,
    name: id,
    area,
    definition: '',
    granularity: 'user',
    datasets: ['log_entries'],
    used: 1,
    unused: 2,
    unknown: 3,
    not_eligible: 4,
    uses: 5,
    unknown_reason: null,
  }
}

export function dataset(parts: Partial<DatasetProgress>): DatasetProgress {
  return {
    dataset: 'log_entries',
    state: 'complete',
    reason: '',
    covered_from: null,
    covered_to: null,
    windows_done: 1,
    windows_planned: 1,
    received: 10,
    expected: 10,
    stored: 10,
    requests: 1,
    ...parts,
  }
}

export function sync(parts: Partial<Sync>): Sync {
  return {
    run_id: 'run',
    state: 'succeeded',
    as_of: '2026-03-31T00:00:00Z',
    started_at: '2026-03-31T00:00:00Z',
    finished_at: '2026-03-31T00:00:00Z',
    reason: '',
    requests: 1,
    rate_limited: 0,
    next_run_at: null,
    expected_end_at: null,
    stored: true,
    datasets: [dataset({})],
    ...parts,
  }
}

export function connection(parts: Partial<Connection>): Connection {
  return {
    id: 'c1',
    state: 'connected',
    account_id: 'PACME01',
    subdomain: 'acme',
    region: 'us',
    consented_at: '2026-03-01T00:00:00Z',
    pagerduty_user_id: 'PUADMIN',
    scopes_granted: ['openid', 'read'],
    scopes_missing: [],
    reason: '',
    access_ends_at: null,
    access_kind: 'classic',
    consented_by_name: 'Admin',
    warnings: [],
    erase_at: null,
    webhook: null,
    capabilities: [],
    sync: null,
    ...parts,
  }
}
