// Prints what the browser downloads, gzip, and fails over the budget: the first load is the entry, the
// Overview and all that the two import; the other pages come when they are opened.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const BUDGET_KB = 300
const FIRST_PAGE = /^overview-/
const assets = new URL('../dist/assets/', import.meta.url)
const read = (name) => readFileSync(new URL(name, assets), 'utf8')
const names = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name))
const bytes = new Map(names.map((name) => [name, gzipSync(read(name), { level: 9 }).length]))
const html = readFileSync(new URL('../dist/index.html', import.meta.url), 'utf8')

/** A chunk and everything it imports before it runs, with the style sheets of the same parts. */
function withImports(name, seen = new Set()) {
  if (seen.has(name) || !bytes.has(name)) return seen
  seen.add(name)
  for (const [, imported] of read(name).matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+)["'`]/g)) withImports(imported, seen)
  return seen
}

const first = new Set()
for (const name of names.filter((entry) => html.includes(entry) || FIRST_PAGE.test(entry))) withImports(name, first)
const stems = new Set([...first].map((name) => name.replace(/-[^-]{8}\.js$/, '')))
for (const name of names) if (name.endsWith('.css') && stems.has(name.replace(/(\.module)?-[^-]{8}\.css$/, ''))) first.add(name)

const kb = (size) => (size / 1000).toFixed(1)
const sum = (list) => [...list].reduce((total, name) => total + bytes.get(name), 0)
for (const [name, size] of [...bytes].sort(([, a], [, b]) => b - a).slice(0, 12)) process.stdout.write(`${kb(size).padStart(8)} kB  ${name}\n`)
process.stdout.write(`${kb(sum(names)).padStart(8)} kB  everything (gzip, ${names.length} files)\n`)
process.stdout.write(`${kb(sum(first)).padStart(8)} kB  first load (gzip, ${first.size} files), budget ${BUDGET_KB} kB\n`)
if (sum(first) > BUDGET_KB * 1000) {
  process.stderr.write(`over the budget of ${BUDGET_KB} kB\n`)
  process.exit(1)
}
