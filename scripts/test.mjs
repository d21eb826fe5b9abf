/** `npm test`: every test that can run here. Says what was skipped and why, and ends with one line of numbers. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const report = join(root, '.cache/vitest.json')
mkdirSync(join(root, '.cache'), { recursive: true })
rmSync(report, { force: true })

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const parameters = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const { status } = spawnSync(process.execPath, [vitest, ...parameters, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})

const { numPassedTests: passed, numFailedTests: failed, testResults } = JSON.parse(readFileSync(report, 'utf8'))
const skipped = testResults.flatMap(({ assertionResults }) =>
  assertionResults.filter((result) => result.status === 'skipped' || result.status === 'pending'),
)
const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
if (skipped.length > 0) {
  console.log(`\nSKIPPED ${skipped.length}:`)
  for (const title of new Set(skipped.map(({ fullName }) => fullName))) console.log(`  ${title}`)
}
console.log(`${passed} passed, ${failed + broken} failed`)
process.exitCode = status === 0 && failed + broken === 0 && passed > 0 ? 0 : 1
