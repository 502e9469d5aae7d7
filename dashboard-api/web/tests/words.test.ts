import { describe, expect, it } from 'vitest'
import { chipWords } from '../src/frame/connection-chip'
import { readFrameSearch, readSearch, readUsersSearch, withoutOutcome, writeSearch } from '../src/frame/search'
import { cardState } from '../src/pages/connections/card-state'
import { CLASSES, classLabel } from '../src/words/classes'
import { consentWords } from '../src/words/consent'
import { gapReason, gaps } from '../src/words/datasets'
import { byArea, featureName } from '../src/words/features'
import { daysBefore, hours, humanize, list, percent, relative, share } from '../src/words/format'
import { verdictCell, verdictSentence } from '../src/words/verdicts'
import { connection, dataset, feature, sync, verdict } from './shapes'

const AS_OF = '2026-03-31T00:00:00Z'

describe('a verdict cell', () => {
  it('says days since the last use for a used feature', () => {
    const used = verdict({ verdict: 'used', last: '2026-03-27T12:00:00Z', uses: 3 })
    expect(verdictCell(used, AS_OF)).toBe('3 d')
  })

  it('keeps the days of a use before the period for an unused feature', () => {
    expect(verdictCell(verdict({ verdict: 'unused', last: '2025-10-01T00:00:00Z' }), AS_OF)).toBe('181 d')
  })

  it('tells never, not eligible and unknown apart', () => {
    expect(verdictCell(verdict({ verdict: 'unused' }), AS_OF)).toBe('never')
    expect(verdictCell(verdict({ verdict: 'not_eligible' }), AS_OF)).toBe('n/a')
    expect(verdictCell(verdict({ verdict: 'unknown' }), AS_OF)).toBe('?')
  })

  it('is unknown, not unused, when the server gave no verdict', () => {
    expect(verdictCell(undefined, AS_OF)).toBe('?')
  })

  it('explains an unknown with its reason', () => {
    const unknown = verdict({ verdict: 'unknown', reason: 'log entries are partial' })
    expect(verdictSentence('Notes', unknown, 90)).toBe('Notes: unknown. log entries are partial.')
  })
})

describe('figures', () => {
  it.each([
    [undefined, '–'],
    [null, '–'],
    [0, '0.0 %'],
    [42.25, '42.3 %'],
  ])('writes %s percent as %s', (value, words) => {
    expect(percent(value)).toBe(words)
  })

  it('has no share of nothing', () => {
    expect(share(0, 0)).toBe('–')
    expect(share(1, 8)).toBe('12.5 %')
  })

  it.each([
    [0, '0 h'],
    [5400, '1.5 h'],
    [360_000, '100 h'],
  ])('writes %i seconds of duty as %s', (seconds, words) => {
    expect(hours(seconds)).toBe(words)
  })

  it('counts whole days and never negative ones', () => {
    expect(daysBefore('2026-03-30T00:00:01Z', AS_OF)).toBe(0)
    expect(daysBefore('2026-03-30T00:00:00Z', AS_OF)).toBe(1)
    expect(daysBefore('2026-04-02T00:00:00Z', AS_OF)).toBe(0)
  })

  it.each([
    ['2026-03-30T23:59:30Z', 'just now'],
    ['2026-03-30T23:48:00Z', '12 min ago'],
    ['2026-03-29T23:00:00Z', '25 h ago'],
    ['2026-03-20T00:00:00Z', '11 d ago'],
    ['2026-03-31T00:45:00Z', 'in 45 min'],
  ])('says %s is %s', (at, words) => {
    expect(relative(at, new Date(AS_OF))).toBe(words)
  })

  it('turns names of the API into words', () => {
    expect(humanize('acknowledge_log_entry')).toBe('Acknowledge log entry')
    expect(humanize('FullUser')).toBe('Full user')
    expect(list(['a', 'b', 'c'])).toBe('a, b and c')
  })
})

describe('classes', () => {
  it('has words for all nine', () => {
    expect(CLASSES.map(({ id }) => id).toSorted()).toEqual(
      ['active', 'exempt', 'idle', 'never', 'new', 'pending', 'standby', 'unknown', 'viewer'],
    )
    expect(CLASSES.every(({ definition }) => definition.length > 20)).toBe(true)
  })

  it('shows a class it does not know as it is called', () => {
    expect(classLabel('dormant')).toBe('dormant')
  })
})

describe('consent outcomes', () => {
  const outcomes = [
    'connected',
    'denied',
    'state_refused',
    'wrong_account',
    'no_access',
    'identity_refused',
    'provider_unavailable',
  ]

  it('has its own words and its own next step for each', () => {
    const words = outcomes.map(consentWords)
    expect(new Set(words.map(({ title }) => title)).size).toBe(outcomes.length)
    expect(new Set(words.map(({ next }) => next)).size).toBe(outcomes.length)
    expect(words.filter(({ tone }) => tone === 'good')).toHaveLength(1)
  })

  it('names an outcome it does not know and still says what to do', () => {
    expect(consentWords('new_kind').explanation).toContain('new_kind')
    expect(consentWords('new_kind').tone).toBe('bad')
  })
})

describe('datasets', () => {
  it('count everything that is not complete as a gap, with a reason', () => {
    const all = [
      dataset({ state: 'complete' }),
      dataset({ dataset: 'oncalls', state: 'forbidden', reason: 'scope missing' }),
      dataset({ dataset: 'incidents', state: 'not_in_plan', reason: '' }),
    ]
    expect(gaps(all).map(gapReason)).toEqual([
      'scope missing',
      'the PagerDuty plan of this account does not have it',
    ])
  })
})

describe('features', () => {
  it('stay in the order of the catalogue within their area', () => {
    const groups = byArea([feature('a', 'access'), feature('b', 'channel'), feature('c', 'access')])
    expect(groups.map(({ area, features }) => [area, features.map(({ id }) => id)])).toEqual([
      ['access', ['a', 'c']],
      ['channel', ['b']],
    ])
  })

  it('have a name even when the catalogue does not know them', () => {
    expect(featureName('orchestration_edit', [])).toBe('Orchestration edit')
  })
})

describe('the card of a connection', () => {
  it.each([
    [undefined, 'not_connected'],
    [connection({}), 'connected'],
    [connection({ state: 'reconnect' }), 'reconnect'],
    [connection({ state: 'disconnected' }), 'disconnected'],
    [connection({ scopes_missing: ['analytics.read'] }), 'degraded'],
    [connection({ sync: sync({ datasets: [dataset({ state: 'not_in_plan' })] }) }), 'degraded'],
    [connection({ sync: sync({ datasets: [dataset({ state: 'pending' })] }) }), 'connected'],
  ] as const)('%# is %s', (shape, state) => {
    expect(cardState(shape)).toBe(state)
  })
})

describe('the chip', () => {
  const now = new Date('2026-03-31T00:12:00Z')

  it('says which account and how fresh', () => {
    expect(chipWords(connection({ sync: sync({}) }), now).words).toBe(
      'PagerDuty · acme · synced 12 min ago',
    )
  })

  it.each([
    [undefined, 'PagerDuty · not connected', 'off'],
    [connection({ state: 'reconnect' }), 'PagerDuty · acme · reconnect needed', 'bad'],
    [connection({ sync: sync({ state: 'running' }) }), 'PagerDuty · acme · syncing', 'good'],
    [connection({ sync: sync({ state: 'failed' }) }), 'PagerDuty · acme · last sync failed', 'bad'],
  ] as const)('%# says %s', (shape, words, tone) => {
    expect(chipWords(shape, now)).toEqual({ tone, words })
  })
})

describe('the address', () => {
  it('keeps text that looks like a number as text', () => {
    expect(readSearch('?q=123&token=1e5')).toEqual({ q: '123', token: '1e5' })
    expect(writeSearch({ q: '123', class: undefined, sort: '' })).toBe('?q=123')
  })

  it('knows the four periods and drops the default and everything else', () => {
    expect(readFrameSearch({ window: '30' })).toEqual({ window: 30 })
    expect(readFrameSearch({ window: '90' })).toEqual({})
    expect(readFrameSearch({ window: '31' })).toEqual({})
  })

  it('sends only classes and sorts that the server allows', () => {
    expect(readUsersSearch({ class: 'idle', sort: '-last_any' })).toEqual({
      class: 'idle',
      sort: '-last_any',
    })
    expect(readUsersSearch({ class: 'nonsense', sort: 'password' })).toEqual({})
  })

  it('returns from a consent without the outcome of the one before', () => {
    const search = { window: 30, consent: 'denied', request_id: 'r' } as const
    expect(writeSearch({ ...withoutOutcome({ ...search }) })).toBe('?window=30')
  })
})
