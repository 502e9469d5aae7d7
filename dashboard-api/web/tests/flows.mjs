// What people do, in a real browser against invented data: by keyboard alone, in the role of a viewer,
// with 5,000 seats, and on paper. Each flow says in words what it found wrong.
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'
import { startFixture } from './fixture/server.mjs'

const { CHROMIUM = '/usr/bin/chromium' } = process.env
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const MOST_NODES = 1000
const SLOWEST_SORT_MS = 200
const SLOWEST_ROUTE_MS = 300

const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS })
let failed = 0

async function flow(name, options, run) {
  const fixture = await startFixture(options)
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  try {
    const words = await run(page, fixture)
    process.stdout.write(`ok      ${name}${words ? `: ${words}` : ''}\n`)
  } catch (error) {
    failed += 1
    process.stdout.write(`FAILED  ${name}: ${error.message}\n`)
  }
  await context.close()
  await fixture.stop()
}

/** Presses Tab until the focused element has this name. */
async function tabTo(page, name) {
  for (let press = 0; press < 120; press += 1) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(() => {
      const element = document.activeElement
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? ''
    })
    if (name instanceof RegExp ? name.test(focused) : focused.startsWith(name)) return
  }
  throw new Error(`no ${name} within reach of Tab`)
}

await flow('a recommendation is dismissed by keyboard alone', {}, async (page, fixture) => {
  await page.goto(`${fixture.url}/recommendations`)
  await page.getByText('Saving / month').waitFor()
  await tabTo(page, 'Dismiss: ')
  await page.keyboard.press('Enter')
  await page.getByLabel('Reason').waitFor()
  await page.getByLabel('Reason').focus()
  await page.keyboard.type('Seasonal colleague')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.ok(fixture.changes.includes('POST /api/v1/recommendations/state'), 'no decision was sent')
})

await flow('Connect is reached and pressed by keyboard alone', { scenario: 'first-run' }, async (page, fixture) => {
  await page.goto(`${fixture.url}/connections`)
  await page.getByRole('button', { name: 'Connect', exact: true }).waitFor()
  await tabTo(page, /^Connect$/)
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/connect\/pagerduty/)
  assert.deepEqual(fixture.changes, ['POST /connect/pagerduty'])
})

await flow('the search opens a person by keyboard', {}, async (page, fixture) => {
  await page.goto(`${fixture.url}/`)
  await page.getByText('Top teams by waste').first().waitFor()
  await page.keyboard.press('/')
  await page.getByRole('combobox', { name: /Search pages/ }).waitFor()
  await page.keyboard.type('ada abel')
  await page.getByRole('option', { name: /Ada Abel/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/users\/PU00000/)
})

await flow('a viewer sees no control that changes anything', { role: 'viewer' }, async (page, fixture) => {
  const forbidden = /^(Connect|Reconnect|Sync now|Disconnect|Pause|Check access|Accept|Dismiss|Mark done|Save|Add a member|New key|Remove|Exempt|End|Replay|Revoke|Enter price|Use an API key)/
  for (const path of ['/', '/connections', '/licenses', '/users', '/users/PU00001', '/recommendations', '/sync?tab=parked', '/settings', '/settings?tab=members', '/settings?tab=contract', '/settings?tab=thresholds', '/settings?tab=exemptions', '/settings?tab=privacy', '/settings?tab=keys']) {
    await page.goto(fixture.url + path)
    await page.locator('main h1').waitFor()
    await page.waitForLoadState('networkidle', { timeout: 1500 }).catch(() => undefined)
    const names = await page.locator('main button:visible').evaluateAll((all) => all.map((button) => button.getAttribute('aria-label') ?? button.textContent.trim()))
    // On the Overview a class is called Exempt; there it explains itself.
    const changing = names.filter((name) => forbidden.test(name) && !(path === '/' && name === 'Exempt'))
    assert.deepEqual(changing, [], `on ${path}`)
  }
})

await flow('the filters of a link come back as they were', {}, async (page, fixture) => {
  const link = '/users?class=idle&team=PTPAY&window=30&tz=Europe%2FBerlin'
  await page.goto(fixture.url + link)
  await page.getByLabel('Class').waitFor()
  assert.equal(await page.getByLabel('Class').inputValue(), 'idle')
  await page.getByText('Team Payments').waitFor()
  await page.getByRole('link', { name: 'Teams' }).click()
  await page.waitForURL(/\/teams\?/)
  const kept = new URL(page.url()).searchParams
  assert.deepEqual([kept.get('team'), kept.get('window'), kept.get('tz'), kept.get('class')], ['PTPAY', '30', 'Europe/Berlin', null])
})

await flow('a look back is asked of the server and can be ended', {}, async (page, fixture) => {
  const asked = page.waitForRequest(/overview\?.*as_of=2026-09-01/)
  await page.goto(`${fixture.url}/?as_of=2026-09-01`)
  await asked
  await page.getByRole('button', { name: /As of Sep 1, 2026/ }).click()
  await page.waitForURL((url) => !url.search.includes('as_of'))
})

await flow('a price is entered where it is missing', {}, async (page, fixture) => {
  await page.goto(`${fixture.url}/licenses`)
  await page.getByRole('button', { name: /^Enter price, price of Digital/ }).click()
  await page.getByLabel(/^Amount in USD/).fill('59.5')
  const sent = page.waitForRequest((request) => request.method() === 'PUT')
  await page.getByRole('button', { name: 'Save price' }).click()
  const book = (await sent).postDataJSON()
  assert.equal(book.licenses.find(({ license_id: id }) => id === 'PLDIG').amount_minor, 5950)
  assert.equal(book.licenses.length, 4, 'the other prices stay')
})

await flow('a key is shown once', {}, async (page, fixture) => {
  await page.goto(`${fixture.url}/settings?tab=keys`)
  await page.getByRole('button', { name: 'New key' }).click()
  await page.getByLabel(/What it is for/).fill('Export')
  await page.getByRole('button', { name: 'Make the key' }).click()
  await page.getByLabel('API key', { exact: true }).getByText('qk_77aa_4N2f9c').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('qk_77aa_4N2f9c').waitFor({ state: 'detached' })
})

await flow('5,000 seats stay light and quick', { users: 5000 }, async (page, fixture) => {
  await page.goto(`${fixture.url}/users`)
  await page.getByText('5,000 seats').waitFor()
  await page.locator('tbody input[type=checkbox]').first().waitFor()
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length)
  assert.ok(nodes <= MOST_NODES, `${nodes} nodes`)
  const sort = await elapsed(page, () => page.getByRole('link', { name: 'Actions' }).click(), 'th[aria-sort=descending]')
  const route = await elapsed(page, () => page.getByRole('link', { name: 'Licenses' }).click(), 'text=3 licenses')
  assert.ok(sort <= SLOWEST_SORT_MS * 3, `a sort took ${sort} ms`)
  assert.ok(route <= SLOWEST_ROUTE_MS * 3, `a page took ${route} ms`)
  return `${nodes} nodes, sort ${sort} ms (bar ${SLOWEST_SORT_MS}), page ${route} ms (bar ${SLOWEST_ROUTE_MS})`
})

await flow('the report fits on paper', {}, async (page, fixture) => {
  await page.goto(`${fixture.url}/report`)
  await page.getByText('How sure this is').waitFor()
  const pdf = await page.pdf({ format: 'A4', scale: 0.6, printBackground: true })
  const pages = pdf.toString('latin1').match(/\/Type\s*\/Page[^s]/g)?.length ?? 0
  assert.equal(pages, 1, `${pages} pages`)
  return `${Math.round(pdf.length / 1000)} kB`
})

await browser.close()
process.exit(failed === 0 ? 0 : 1)

async function elapsed(page, act, ready) {
  const from = Date.now()
  await act()
  await page.locator(ready).first().waitFor()
  return Date.now() - from
}
