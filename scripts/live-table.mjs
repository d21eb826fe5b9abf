/** `npm run table`: the README's table of what live tests proved in the last `npm test`. See test/live-table.ts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const HELP = `npm run table -- [options]      after npm test, whose report it reads

  --check   writes nothing; fails for each row and version of the README that no live test proved
  --prune   takes out what was not proved; otherwise nothing of a server that was missing is lost
  --help

Ends with \`N passed, N failed\`: pairs of a row's direction and a version of Django.`

const DIRECTIONS = ['Django to Node', 'Node to Django']
const ENGINES = ['db', 'cached_db', 'cache', 'file', 'signed_cookies']
const HEAD = ['engine', 'sessions are kept in', 'Django → Node', 'Node → Django']
const START = '<!-- by npm run table -->'
const END = '<!-- end of the table -->'

const root = resolve(import.meta.dirname, '..')
const readme = join(root, 'README.md')
const report = join(root, '.cache/vitest.json')

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    prune: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) console.log(HELP)
else main()

function main() {
  if (!existsSync(report)) fail('There is no report of the tests: npm test first.')
  const proved = provedBy(JSON.parse(readFileSync(report, 'utf8')))
  const text = readFileSync(readme, 'utf8')
  const [start, end] = [text.indexOf(START), text.indexOf(END)]
  if (start < 0 || end < start) fail(`README.md has no place between ${START} and ${END}.`)
  const claimed = pairsOf(text.slice(start, end))

  const missing = [...claimed].filter((pair) => !proved.has(pair))
  const added = [...proved].filter((pair) => !claimed.has(pair))
  for (const pair of missing) console.log(`not proved: ${told(pair)}`)
  for (const pair of added) console.log(`${options.check ? 'proved, and not in the README' : 'new'}: ${told(pair)}`)
  if (!options.check) {
    const kept = options.prune ? proved : new Set([...claimed, ...proved])
    writeFileSync(readme, `${text.slice(0, start)}${START}\n${tableOf(kept)}${text.slice(end)}`)
  }
  console.log(`${claimed.size - missing.length + (options.check ? 0 : added.length)} passed, ${missing.length} failed`)
  process.exitCode = missing.length > 0 && (options.check || !options.prune) ? 1 : 0
}

/** What at least one test proved and none disproved, each as JSON of engine, backend, direction and version. */
function provedBy({ testResults }) {
  const passed = new Set()
  const failed = new Set()
  for (const { status, meta } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    const verdict = { passed, failed }[status]
    for (const { engine, backend, django, directions } of (verdict && meta?.proves) ?? []) {
      if (!ENGINES.includes(engine)) fail(`${engine} is no engine.`)
      for (const direction of directions) verdict.add(JSON.stringify([engine, backend, direction, django]))
    }
  }
  return new Set([...passed].filter((pair) => !failed.has(pair)))
}

/** The same of the README's table. */
function pairsOf(table) {
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  return new Set(
    rows.flatMap(([, engine = '', backend, ...cells]) =>
      DIRECTIONS.flatMap((direction, place) =>
        versionsIn(cells[place] ?? '').map((django) =>
          JSON.stringify([engine.replaceAll('`', ''), backend, direction, django]),
        ),
      ),
    ),
  )
}

function versionsIn(cell) {
  return cell.split(', ').filter((version) => /^\d/.test(version))
}

function tableOf(pairs) {
  const rows = new Map()
  for (const pair of pairs) {
    const [engine, backend, direction, django] = JSON.parse(pair)
    const key = JSON.stringify([ENGINES.indexOf(engine), backend])
    const row = rows.get(key) ?? { engine, backend, 'Django to Node': [], 'Node to Django': [] }
    row[direction].push(django)
    rows.set(key, row)
  }
  const lines = [...rows.keys()].sort().map((key) => {
    const { engine, backend, ...versions } = rows.get(key)
    const cells = DIRECTIONS.map((direction) => versions[direction].sort().join(', ') || '–')
    return `| \`${engine}\` | ${backend} | ${cells.join(' | ')} |\n`
  })
  return `| ${HEAD.join(' | ')} |\n|---|---|---|---|\n${lines.join('')}`
}

function told(pair) {
  const [engine, backend, direction, django] = JSON.parse(pair)
  return `${engine}, ${backend}: ${direction}, Django ${django}`
}

function fail(text) {
  console.error(text)
  process.exit(1)
}
