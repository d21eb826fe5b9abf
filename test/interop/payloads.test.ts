/** Random sessions from Python through Node, which changes one key, and back: nothing else may differ. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { parsePythonJson, splitPythonObject } from '../../src/python/json-reader.ts'
import { jsonName, jsonObject, jsonValue } from './random-json.ts'
import { randomTrials } from './random-trials.ts'

/** The members in order, letter by letter, but for the value that was changed. */
function spelling(json: string, changed: string): [string, string | null][] {
  return Array.from(splitPythonObject(json), ([key, member]) => [key, key === changed ? null : member.text])
}

randomTrials('random payloads', 10_000, async ({ oracle, site, runs, seed }) => {
  const insert = site.client.prepare("INSERT OR REPLACE INTO django_session VALUES (?, ?, '2099-01-01 00:00:00')")
  const key = 'p'.repeat(32)
  const roundTrip = fc.asyncProperty(
    jsonObject(jsonValue, 6),
    jsonName(),
    jsonValue,
    async (json, changedName, newValue) => {
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
    },
  )
  await fc.assert(roundTrip, { numRuns: runs, seed })
})
