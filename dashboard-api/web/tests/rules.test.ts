import { describe, expect, it } from 'vitest'
import type { TeamRow } from '../src/api/teams'
import { matches } from '../src/frame/palette-matches'
import { reaches } from '../src/frame/role'
import { readFrameSearch, readRecommendationsSearch, writeSearch } from '../src/frame/search'
import { offers } from '../src/pages/connections/connection-actions'
import { inTree } from '../src/pages/teams/tree'
import { featureFilter } from '../src/pages/users/feature-filter'
import { stretchesOf } from '../src/pages/user/history'
import { chosenTab } from '../src/parts/tabs'
import { gaps } from '../src/words/datasets'
import { instant, signed, span } from '../src/words/format'
import { heatStep } from '../src/words/heat'
import { DECISIONS } from '../src/words/recommendations'
import { signInRefusal } from '../src/words/sign-in'
import { setTimeZone } from '../src/words/zone'
import { connection, dataset, sync } from './shapes'

describe('a role', () => {
  it('reaches itself and what is below it, and nothing before it is known', () => {
    expect(reaches('admin', 'analyst')).toBe(true)
    expect(reaches('analyst', 'admin')).toBe(false)
    expect(reaches(undefined, 'viewer')).toBe(false)
    expect(reaches('root', 'viewer')).toBe(false)
  })
})

describe('the global filters', () => {
  it('survive the address and drop what is no day, zone or period', () => {
    const search = { window: '30', team: 'PT1', tz: 'Europe/Berlin', as_of: '2026-03-01' }
    expect(writeSearch({ ...readFrameSearch(search) })).toBe('?window=30&team=PT1&tz=Europe%2FBerlin&as_of=2026-03-01')
    expect(readFrameSearch({ tz: 'Mars/Olympus', as_of: 'yesterday', window: '7' })).toEqual({})
  })

  it('leave the filters of a page alone', () => {
    expect(readRecommendationsSearch({ kind: 'reclaim', team: 'PT1' })).toEqual({ kind: 'reclaim' })
  })

  it('write instants in the chosen zone and name it', () => {
    setTimeZone('Asia/Tokyo')
    expect(instant('2026-03-31T20:00:00Z')).toBe('Apr 1, 2026, 05:00 GMT+9')
    setTimeZone('UTC')
    expect(instant('2026-03-31T20:00:00Z')).toBe('Mar 31, 2026, 20:00 UTC')
  })
})

describe('what can be ordered of a connection', () => {
  const names = (parts: Parameters<typeof connection>[0]) => offers(connection(parts)).map(({ what }) => what)

  it('follows its sync', () => {
    expect(names({})).toEqual(['syncs', 'probe'])
    expect(names({ sync: sync({ state: 'running' }) })).toEqual(['pause', 'cancel', 'probe'])
    expect(names({ sync: sync({ state: 'paused' }) })).toEqual(['resume', 'cancel', 'probe'])
  })

  it('is nothing while there is no access', () => {
    expect(names({ state: 'reconnect' })).toEqual([])
  })
})

describe('the filter of a feature', () => {
  it('asks for a verdict, or for days without use', () => {
    expect(featureFilter('ack')).toEqual({ 'feature.ack.verdict': 'unused' })
    expect(featureFilter('ack', 'unknown')).toEqual({ 'feature.ack.verdict': 'unknown' })
    expect(featureFilter('ack', 'idle-60')).toEqual({ 'feature.ack.idle_days_gte': '60' })
  })
})

describe('gaps', () => {
  it('leave out what the plan does not have and what is not needed', () => {
    const all = [
      dataset({ dataset: 'status_pages', state: 'not_in_plan' }),
      dataset({ dataset: 'user_delegations', state: 'pending', reason: 'not needed: analytics tells sign-ins' }),
      dataset({ dataset: 'webhooks', state: 'partial' }),
      dataset({ dataset: 'audit_records', state: 'not_in_plan' }),
    ]
    expect(gaps(all).map((gap) => gap.dataset)).toEqual(['audit_records'])
  })
})

describe('the heat map', () => {
  const cell = (percent: number | null, eligible = 10, unknown = 0) => ({ percent, eligible, unknown, used: 0 })

  it('has six steps', () => {
    expect([0, 5, 10, 30, 60, 75, 100].map((percent) => heatStep(cell(percent)))).toEqual(['0', '1', '2', '3', '4', '5', '5'])
  })

  it('keeps unknown and nobody eligible apart from zero', () => {
    expect(heatStep(cell(null, 10, 10))).toBe('unknown')
    expect(heatStep(cell(null, 0))).toBe('none')
    expect(heatStep(cell(0, 0))).toBe('none')
  })
})

describe('teams', () => {
  const team = (id: string, parent: string | null, idle = 0): TeamRow => ({
    id, name: id, parent_id: parent, members: 1, seats: 1, active: 0, idle, utilization_percent: null,
    duty_seconds: 0, cost_monthly: null, waste_monthly: null, features: {},
  })

  it('stand below their parent, the most idle first', () => {
    const placed = inTree([team('a', null, 1), team('b', null, 5), team('b1', 'b'), team('x', 'gone')])
    expect(placed.map(({ team: { id }, depth }) => [id, depth])).toEqual([['b', 0], ['b1', 1], ['a', 0], ['x', 0]])
  })

  it('that are their own parents do not hang the page', () => {
    expect(inTree([team('a', 'b'), team('b', 'a')])).toEqual([])
  })
})

describe('the history of a class', () => {
  it('runs from each change to the next, and to the newest day', () => {
    const history = [
      { day: '2026-01-01', class: 'new' },
      { day: '2026-01-11', class: 'active' },
      { day: '2026-03-01', class: 'idle' },
      { day: '2026-03-06', class: 'idle' },
    ] as const
    expect(stretchesOf(history).map((stretch) => [stretch.class, stretch.from, stretch.to, stretch.days])).toEqual([
      ['new', '2026-01-01', '2026-01-11', 10],
      ['active', '2026-01-11', '2026-03-01', 49],
      ['idle', '2026-03-01', '2026-03-06', 5],
    ])
  })
})

describe('the keyboard search', () => {
  const nothing = { people: [], features: [], teams: [], licenses: [] }

  it('offers every page before anything is typed', () => {
    expect(matches('', nothing).every(({ kind }) => kind === 'Page')).toBe(true)
    expect(matches('', nothing)).toHaveLength(10)
  })

  it('finds pages by what they are about, and things by name', () => {
    const found = matches('pay', { ...nothing, teams: [{ id: 'PT/1', name: 'Payments' }] })
    expect(found.map(({ href }) => href)).toContain('/users?team=PT%2F1')
    expect(matches('parked', nothing).map(({ label }) => label)).toEqual(['Sync & freshness'])
  })
})

describe('words', () => {
  it('sign changes, and say short spans', () => {
    expect([signed(3), signed(-2), signed(0)]).toEqual(['+3', '−2', '±0'])
    expect([span(45), span(720), span(null)]).toEqual(['45 s', '12 min', '–'])
  })

  it('ask for a reason only where it is needed later', () => {
    expect(DECISIONS.filter(({ reason }) => reason === 'required').map(({ state }) => state)).toEqual(['dismissed'])
  })

  it('have their own next step for each refused sign-in', () => {
    const names = ['denied', 'state_refused', 'identity_refused', 'no_membership', 'provider_unavailable', 'other']
    expect(new Set(names.map((name) => signInRefusal(name).title)).size).toBe(names.length)
  })

  it('choose the first tab for an address that names none', () => {
    const tabs = [{ id: 'a', label: 'A' }, { id: 'b', label: 'B' }]
    expect([chosenTab(tabs, undefined), chosenTab(tabs, 'b'), chosenTab(tabs, 'zzz')]).toEqual(['a', 'b', 'a'])
  })
})
