/** The table in docs/middleware.md of what test/middleware/matrix.slow.test.ts proved in the last `npm test`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const START = '<!-- by npm run table -->'
const END = '<!-- end of the table -->'

const root = resolve(import.meta.dirname, '..')
const page = join(root, 'docs/middleware.md')
const report = join(root, '.cache/vitest.json')
const isCheck = process.argv.includes('--check')

if (process.argv.includes('--help'))
  console.log('npm run table also writes, or compares, the table of docs/middleware.md.')
else main()

function main() {
  if (!existsSync(report)) fail('There is no report of the tests: run npm test first.')
  const cells = cellsOf(JSON.parse(readFileSync(report, 'utf8')))
  if (cells.length === 0) fail('The last tests did not run test/middleware/matrix.slow.test.ts: run npm test first.')
  const broken = cells.filter(({ tried, whole }) => tried === 0 || whole < tried)
  for (const cell of broken) console.log(`not whole: ${cell.middleware} ${cell.order} ours, ${cell.stack}`)
  const text = readFileSync(page, 'utf8')
  const [start, end] = [text.indexOf(START), text.indexOf(END)]
  if (start < 0 || end < start) fail(`docs/middleware.md has no place between ${START} and ${END}.`)
  const made = `${text.slice(0, start)}${START}\n${tableOf(cells)}${text.slice(end)}`
  const isStale = made !== text
  if (isCheck && isStale) console.log('docs/middleware.md is not what the tests proved: run npm run table.')
  if (!isCheck && isStale) writeFileSync(page, made)
  const failed = broken.length + (isCheck && isStale ? 1 : 0)
  console.log(`${cells.length - broken.length} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

function cellsOf({ testResults }) {
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  return results.flatMap(({ meta }) => (meta?.middleware ? [meta.middleware] : []))
}

function tableOf(cells) {
  const middlewares = [...new Set(cells.map(({ middleware }) => middleware))]
  const columns = [...new Set(cells.map(({ stack }) => stack))].flatMap((stack) =>
    ['before', 'after'].map((order) => ({ stack, order })),
  )
  const shown = (middleware, { stack, order }) => {
    const cell = cells.find((one) => one.middleware === middleware && one.stack === stack && one.order === order)
    return cell === undefined ? '–' : `${cell.whole} of ${cell.tried}`
  }
  const head = ['middleware', ...columns.map(({ stack, order }) => `${stack}, ${order}`)]
  const rows = middlewares.map((middleware) => [middleware, ...columns.map((column) => shown(middleware, column))])
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`)
  return lines.join('')
}

function fail(text) {
  console.error(text)
  process.exit(1)
}
