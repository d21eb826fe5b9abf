/** docs/errors.md and the sources have the same codes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'))

/** Unions of codes; what others of this library's unions have is not for people. */
const UNIONS = [
  'AbsenceReason',
  'AnonymousReason',
  'CacheWarning',
  'Cause',
  'CookieReason',
  'LoginReason',
  'StoreFailure',
  'UnclearCode',
  'WarningCode',
]

/** Codes of others: of Node, of databases, and of zod's issues. */
const isOfOthers = (code: string): boolean => /^[A-Z\d]/.test(code) || code === 'custom'

function codesInSources(): Set<string> {
  const found = new Set<string>()
  for (const source of sources) {
    for (const [, body = ''] of source.matchAll(
      new RegExp(`^export type (?:${UNIONS.join('|')}) =((?:\\n? +(?:/\\*\\*| \\*|\\|)?.*)+)`, 'gm'),
    )) {
      for (const [, code = ''] of body.matchAll(/\| '(\w+)'/g)) found.add(code)
    }
    for (const [, code = ''] of source.matchAll(/\bcode(?:: [^=,\n]*)? ?[=:] '(\w+)'/g))
      if (!isOfOthers(code)) found.add(code)
    for (const [, code = ''] of source.matchAll(/\bwarn\('(\w+)'/g)) found.add(code)
  }
  return found
}

test('every code of an error, report, warning, denial and verdict is documented, and no other', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  const documented = new Set(Array.from(page.matchAll(/^\| `(\w+)` \|/gm), ([, code = '']) => code))
  expect(Array.from(documented).sort()).toEqual(Array.from(codesInSources()).sort())
  expect(documented.size).toBeGreaterThan(60)
})
