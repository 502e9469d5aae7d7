// Prints what the browser downloads, gzip, and fails over the budget. The figure is the sum of every
// script and style sheet of the build, so no page can ever cost more than it says.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const BUDGET_KB = 300
const assets = new URL('../dist/assets/', import.meta.url)
const files = readdirSync(assets)
  .filter((name) => /\.(js|css)$/.test(name))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, assets)), { level: 9 }).length }))
  .sort((a, b) => b.bytes - a.bytes)

const html = readFileSync(new URL('../dist/index.html', import.meta.url), 'utf8')
const kb = (bytes) => (bytes / 1000).toFixed(1)
const sum = (list) => list.reduce((total, file) => total + file.bytes, 0)
const entry = sum(files.filter((file) => html.includes(file.name)))
const total = sum(files)

for (const file of files) process.stdout.write(`${kb(file.bytes).padStart(8)} kB  ${file.name}\n`)
process.stdout.write(`${kb(entry).padStart(8)} kB  entry (gzip)\n`)
process.stdout.write(`${kb(total).padStart(8)} kB  everything (gzip), budget ${BUDGET_KB} kB\n`)
if (total > BUDGET_KB * 1000) {
  process.stderr.write(`over the budget of ${BUDGET_KB} kB\n`)
  process.exit(1)
}
