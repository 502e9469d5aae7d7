// Every page in a real browser against invented data: no WCAG 2.2 AA violation in either theme, nothing
// wider than a phone, every chart drawn, no console error, no request that leaves the origin.
// CHROMIUM names the browser, SCREENSHOTS a folder for pictures of what was checked.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { pages, scenarios } from './browser-pages.mjs'
import { startFixture } from './fixture/server.mjs'

const { CHROMIUM = '/usr/bin/chromium', SCREENSHOTS, ONLY } = process.env
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const PHONE = { width: 390, height: 844 }
const DESK = { width: 1366, height: 900 }

if (SCREENSHOTS) mkdirSync(SCREENSHOTS, { recursive: true })
const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS })
const failures = []
let checked = 0

try {
  for (const { name, options, paths } of [{ name: 'full', options: {}, paths: pages }, ...scenarios]) {
    const fixture = await startFixture(options)
    for (const scheme of ['light', 'dark']) {
      for (const entry of paths) {
        if (ONLY && !entry.name.includes(ONLY)) continue
        await look(fixture, scheme, { ...entry, name: name === 'full' ? entry.name : `${name}-${entry.name}` })
      }
    }
    await fixture.stop()
  }
} finally {
  await browser.close()
}
process.stdout.write(`${checked} looks, ${failures.length} failures\n`)
if (failures.length > 0) {
  process.stderr.write(`${failures.join('\n')}\n`)
  process.exit(1)
}

async function look(fixture, scheme, entry) {
  const context = await browser.newContext({ viewport: DESK, colorScheme: scheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints = []
  const foreign = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(fixture.url) && !request.url().startsWith('data:')) foreign.push(request.url())
  })
  const label = `${entry.name} ${scheme}`
  try {
    await page.goto(fixture.url + entry.path)
    await page.locator(entry.ready).first().waitFor({ timeout: 8000 })
    await entry.act?.(page)
    await page.waitForTimeout(150)
    await accessible(page, label)
    await shot(page, label)
    if (entry.paths) await drawn(page, entry.paths)
    await page.setViewportSize(PHONE)
    await page.waitForTimeout(120)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(wide <= 0, `${wide} px wider than a phone`)
    await shot(page, `${label} 390`)
    // A refused call is an answer, not a mistake of the page.
    assert.deepEqual(complaints.filter((text) => !/status of (401|404|500) /.test(text)), [], 'the console complained')
    assert.deepEqual(foreign, [], 'requests left the origin')
  } catch (error) {
    failures.push(`${label}: ${error.message}`)
    await shot(page, `${label} failure`)
  }
  checked += 1
  await context.close()
}

async function accessible(page, label) {
  await page.evaluate(AXE)
  const violations = await page.evaluate(async (tags) => {
    const { violations: found } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } })
    return found.map(({ id, nodes }) => `${id} ×${nodes.length}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary.split('\n')[1] ?? ''}`).join(' | ')}`)
  }, TAGS)
  if (violations.length > 0) failures.push(`${label}: axe ${violations.join('\n    ')}`)
}

/** A chart that draws nothing passes every other test. */
async function drawn(page, least) {
  const shapes = await page.locator('main svg[role=img] path[d], main svg[role=img] rect[height]').evaluateAll((all) => all.map((shape) => shape.getAttribute('d') ?? shape.getAttribute('height')))
  assert.ok(shapes.length >= least, `${shapes.length} shapes drawn, expected ${least}`)
  assert.ok(!shapes.join().includes('NaN'), 'a chart has NaN')
}

/** With something in front of the page only the view is taken: what is fixed covers no more. */
async function shot(page, label) {
  if (!SCREENSHOTS) return
  const covered = await page.locator('[role=dialog]').count()
  await page.screenshot({ path: `${SCREENSHOTS}/${label.replaceAll(' ', '-')}.png`, fullPage: covered === 0 })
}
