import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const ENTRIES = [
  'index',
  'adapters/express',
  'adapters/node',
  'adapters/fetch',
  'jwt/verifier',
  'signing/index',
  'stores/session-data',
  'python/index',
  'testing',
]

/** `npm run package:check` asks real old Nodes. */
test.each([
  ['22.14.9', false],
  ['21.99.0', false],
  ['22.15.0', true],
  ['23.0.0', true],
  ['24.1.0', true],
])('every entry on Node %s: may it be imported: %s', (version, isFine) => {
  const program = `
    Object.defineProperty(process.versions, 'node', { value: '${version}' })
    for (const entry of ${JSON.stringify(ENTRIES)}) {
      await import(${JSON.stringify(`${join(ROOT, 'src')}/`)} + entry + '.ts').then(
        () => console.log('imported'),
        (error) => console.log(error.message),
      )
    }`
  const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  const refused = `django-session-bridge needs Node.js 22.15 or later, and this is ${version}: update Node.js.`
  expect(stdout.trim().split('\n')).toEqual(ENTRIES.map(() => (isFine ? 'imported' : refused)))
})
