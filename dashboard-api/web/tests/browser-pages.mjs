// Which pages are looked at, when each is ready, and how many shapes its charts draw at least.

const click = (role, name) => async (page) => {
  await page.getByRole(role, { name }).first().click()
  await page.waitForTimeout(150)
}

export const pages = [
  { name: 'overview', path: '/', ready: 'text=Top teams by waste', paths: 40 },
  { name: 'report', path: '/report', ready: 'text=How sure this is', paths: 10 },
  { name: 'licenses', path: '/licenses', ready: 'text=3 licenses', paths: 3 },
  { name: 'licenses-price', path: '/licenses', ready: 'text=3 licenses', act: click('button', /price of Business/) },
  { name: 'licenses-trend', path: '/licenses?tab=trend', ready: 'text=Digital Operations', paths: 8 },
  { name: 'licenses-chargeback', path: '/licenses?tab=chargeback', ready: 'text=No team' },
  { name: 'licenses-renewal', path: '/licenses?tab=renewal', ready: 'text=Quantity at renewal' },
  { name: 'users', path: '/users', ready: 'text=96 seats' },
  { name: 'users-columns', path: '/users', ready: 'text=96 seats', act: click('button', 'Columns') },
  { name: 'users-chosen', path: '/users?class=idle', ready: 'tbody input[type=checkbox]', act: (page) => page.getByLabel('Choose all loaded rows').click() },
  { name: 'users-none', path: '/users?q=zzzz', ready: 'text=No seat matches' },
  { name: 'user', path: '/users/PU00000', ready: 'text=What depends on this seat', paths: 20 },
  { name: 'user-gone', path: '/users/PNONE', ready: 'text=There is no such user' },
  { name: 'features', path: '/features', ready: 'table' },
  { name: 'features-catalogue', path: '/features?tab=catalogue', ready: 'text=25 features', paths: 25 },
  { name: 'features-addons', path: '/features?tab=addons', ready: 'text=Bought, not used' },
  { name: 'feature', path: '/features/ack', ready: 'text=Definition', paths: 4 },
  { name: 'teams', path: '/teams', ready: 'text=All people, once', paths: 30 },
  { name: 'on-call', path: '/on-call', ready: 'text=Incidents per week', paths: 20 },
  { name: 'recommendations', path: '/recommendations', ready: 'text=Saving / month' },
  { name: 'recommendations-chosen', path: '/recommendations', ready: 'text=Saving / month', act: (page) => page.getByLabel('Choose all rows').click() },
  { name: 'recommendations-detail', path: '/recommendations?open=rec-1', ready: 'text=Bundle with hashes' },
  { name: 'recommendations-dismiss', path: '/recommendations', ready: 'text=Saving / month', act: click('button', /^Dismiss:/) },
  { name: 'recommendations-none', path: '/recommendations?kind=ghost', ready: 'text=Nothing matches' },
  { name: 'sync', path: '/sync', ready: 'text=Generation 42' },
  { name: 'sync-receipts', path: '/sync?tab=receipts', ready: 'text=Newest first' },
  { name: 'sync-runs', path: '/sync?tab=runs', ready: 'text=took' },
  { name: 'sync-parked', path: '/sync?tab=parked', ready: 'text=Replay all' },
  { name: 'connections', path: '/connections', ready: 'text=Live events' },
  { name: 'connections-invite', path: '/connections', ready: 'text=Live events', act: click('button', 'Invite admin') },
  { name: 'connections-disconnect', path: '/connections', ready: 'text=Live events', act: click('button', 'Disconnect') },
  { name: 'consent-denied', path: '/connections?consent=denied&request_id=req-1', ready: 'text=Access was not granted' },
  { name: 'filters', path: '/?as_of=2026-09-01&team=PTPAY&tz=Europe/Berlin', ready: 'text=Top teams by waste', act: click('button', /^Filters/) },
  { name: 'palette', path: '/', ready: 'text=Top teams by waste', act: async (page) => { await page.keyboard.press('/'); await page.keyboard.type('ada'); await page.waitForTimeout(500) } },
  ...['organization', 'contract', 'thresholds', 'exemptions', 'members', 'keys', 'privacy', 'notifications', 'audit', 'danger'].map((tab) => ({ name: `settings-${tab}`, path: `/settings?tab=${tab}`, ready: 'main section h2' })),
  { name: 'sign-in-methods', path: '/sign-in?error=no_membership', ready: 'text=Mail me' },
  { name: 'invite', path: '/invite?token=abc', ready: 'text=Continue to PagerDuty' },
  { name: 'invite-done', path: '/invite/done?consent=connected', ready: 'text=Done' },
  { name: 'invite-failed', path: '/invite/done?consent=denied', ready: 'text=Access was not granted' },
  { name: 'not-found', path: '/nowhere', ready: 'text=There is no such page' },
]

const CORE = ['overview', 'licenses', 'users', 'features', 'teams', 'on-call', 'recommendations', 'sync']
const core = (ready) => CORE.map((name) => ({ name, path: name === 'overview' ? '/' : `/${name}`, ready }))

export const scenarios = [
  { name: 'first-run', options: { scenario: 'first-run' }, paths: [{ name: 'overview', path: '/', ready: 'text=Three steps' }, { name: 'connections', path: '/connections', ready: 'text=Not connected' }, { name: 'sync', path: '/sync', ready: 'text=No figures yet' }, { name: 'direct', path: '/connections', ready: 'text=Not connected', act: click('button', 'Use an API key') }] },
  { name: 'syncing', options: { scenario: 'syncing' }, paths: [{ name: 'overview', path: '/', ready: 'text=Three steps' }, { name: 'connections', path: '/connections', ready: 'text=Running' }] },
  { name: 'failing', options: { scenario: 'failing' }, paths: core('text=The figures could not be read') },
  { name: 'empty', options: { scenario: 'empty' }, paths: [{ name: 'overview', path: '/', ready: 'text=Data quality' }, { name: 'users', path: '/users', ready: 'text=No seat matches' }, { name: 'on-call', path: '/on-call', ready: 'text=Nobody was on duty' }] },
  { name: 'reconnect', options: { scenario: 'reconnect' }, paths: [{ name: 'overview', path: '/', ready: 'text=has to be reconnected' }, { name: 'connections', path: '/connections', ready: 'text=The access has ended' }] },
  { name: 'disconnected', options: { scenario: 'disconnected' }, paths: [{ name: 'connections', path: '/connections', ready: 'text=The stored access was destroyed' }] },
  { name: 'viewer', options: { role: 'viewer' }, paths: [{ name: 'recommendations', path: '/recommendations', ready: 'text=Saving / month' }, { name: 'connections', path: '/connections', ready: 'text=Live events' }, { name: 'settings', path: '/settings', ready: 'main section h2' }, { name: 'licenses', path: '/licenses', ready: 'text=3 licenses' }] },
]
