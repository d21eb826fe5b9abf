/** Random sessions from Python through Node, which changes one key, and back: nothing else may differ. */
import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { parsePythonJson, splitPythonObject } from '../../src/python/json-reader.ts'
import { makeSite, type Site } from '../site.ts'
import { type Oracle, startOracle } from './oracle.ts'

const RUNS = 10_000
const SECRET_KEY = 'golden-vectors-secret-key-0123456789abcdefghijklmnop'

/** JSON as Python may have it, as text: every spelling of numbers, text with escapes, deep and wide values. */
const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', '1.0', '-0.0', '-0', '1e400', '-1e400', 'NaN', '1e16', '1e-7', '0.1'),
    fc.integer().map(String),
    fc.bigInt().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => floatText(number)),
    text(),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join(', ')}]`),
  object: members(tie('value'), 5),
}))

function text(): fc.Arbitrary<string> {
  const unit = fc.constantFrom('grapheme', 'binary', 'binary-ascii') as fc.Arbitrary<'grapheme'>
  return unit.chain((of) => fc.string({ unit: of, maxLength: 12 })).map((content) => JSON.stringify(content))
}

function name(): fc.Arbitrary<string> {
  const special = fc.constantFrom('__proto__', 'constructor', '10', '2', '', 'toString', '\ud83d', 'é', '_session_x')
  return fc.oneof(special, fc.string({ maxLength: 8 })).map((content) => JSON.stringify(content))
}

function members(of: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(name(), of), { maxLength })
    .map((pairs) => `{${pairs.map(([key, member]) => `${key}: ${member}`).join(', ')}}`)
}

function floatText(number: number): string {
  const written = String(number)
  return /[.e]/.test(written) ? written : `${written}.0`
}

/** The members in order, letter by letter, but for the value that was changed. */
function spelling(json: string, changed: string): [string, string | null][] {
  return Array.from(splitPythonObject(json), ([key, member]) => [key, key === changed ? null : member.text])
}

const python = inject('djangos').find((django) => 'python' in django)

describe.runIf(python !== undefined)('random payloads', () => {
  let oracle: Oracle
  let site: Site
  beforeAll(async () => {
    oracle = startOracle(python !== undefined && 'python' in python ? python.python : '')
    site = await makeSite({ SECRET_KEY })
  })
  afterAll(async () => {
    oracle?.stop()
    await site?.close()
  })

  const seed = Number(process.env.FAST_CHECK_SEED ?? randomInt(2 ** 31))
  test(`${RUNS} sessions, seed ${seed} (FAST_CHECK_SEED repeats it)`, { timeout: 240_000 }, async () => {
    console.log(`  random payloads: seed ${seed}`)
    const insert = site.client.prepare("INSERT OR REPLACE INTO django_session VALUES (?, ?, '2099-01-01 00:00:00')")
    const key = 'p'.repeat(32)
    const roundTrip = fc.asyncProperty(members(value, 6), name(), value, async (json, changedName, newValue) => {
      const session_data = await oracle.ask<string>({ op: 'session_encode', json })
      insert.run(key, session_data)
      const changed = String(JSON.parse(changedName))
      const django = site.open(`sessionid=${key}`)
      const session = await django.session()
      // Looking at everything must change nothing either.
      for (const [, seen] of session) void seen
      const settable = parsePythonJson(newValue)
      session.set(changed, settable)
      await django.finish(200)

      const written = site.rows()[0]?.session_data ?? ''
      const inPython = await oracle.ask<{ json: string; suspicious: boolean }>({
        op: 'session_decode',
        session_data: written,
      })
      expect(inPython.suspicious).toBe(false)
      const edited = await oracle.ask<{ json: string }>({ op: 'edit', session_data, key: changed, value: newValue })
      expect(spelling(inPython.json, changed)).toEqual(spelling(edited.json, changed))
      expect(parsePythonJson(inPython.json)).toEqual(parsePythonJson(edited.json))
    })
    await fc.assert(roundTrip, { numRuns: RUNS, seed })
  })
})
