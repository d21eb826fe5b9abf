/**
 * Prints the rows of docs/security-checklist.md against the tests whose titles start with `S<row>:`, and fails when a
 * row that is due has no test. `npm run rows`; with `--quiet` only what is wrong
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')

/** Tests, and the contracts that they call. */
function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return testFiles(path)
    return entry.name.endsWith('.test.ts') || basename(folder) === 'contracts' ? [path] : []
  })
}

/** Titles such as 'S9, S13: …' count for each row they name. */
function titlesByRow() {
  const rows = new Map()
  for (const file of testFiles(join(root, 'test'))) {
    const source = readFileSync(file, 'utf8')
    for (const [, numbers = ''] of source.matchAll(/['"`]((?:S\d+(?:, )?)+): /g)) {
      for (const [, row = ''] of numbers.matchAll(/S(\d+)/g)) rows.set(Number(row), (rows.get(Number(row)) ?? 0) + 1)
    }
  }
  return rows
}

/** Lines `| 16 | due | requirement | … |` of the checklist. */
function checklist() {
  const text = readFileSync(join(root, 'docs/security-checklist.md'), 'utf8')
  return [...text.matchAll(/^\| (\d+) \| (due|partly due|later) \| ([^|]+) \|([^|]*)\|/gm)].map((match) => ({
    row: Number(match[1]),
    state: match[2],
    requirement: match[3]?.trim(),
    later: match[4]?.trim(),
  }))
}

const tests = titlesByRow()
const rows = checklist()
const isQuiet = process.argv.includes('--quiet')
let missing = 0
for (const { row, state, requirement, later } of rows) {
  const count = tests.get(row) ?? 0
  const isMissing = state !== 'later' && count === 0
  if (isMissing) missing++
  const found = count === 0 ? (isMissing ? 'NO TEST' : '–') : `${count} test${count === 1 ? '' : 's'}`
  if (isQuiet && !isMissing) continue
  console.log(
    `${String(row).padStart(3)}  ${state.padEnd(10)}  ${found.padEnd(9)}  ${requirement}${later ? `  (later: ${later})` : ''}`,
  )
}
console.log(
  `${rows.length} rows, ${rows.filter(({ state }) => state !== 'later').length} due, ${missing} without a test`,
)
process.exitCode = missing === 0 && rows.length > 0 ? 0 : 1
