import { describe, expect, test } from 'vitest'
import { parsePythonJson, splitPythonObject } from '../../src/python/json-reader.ts'

describe('parsePythonJson', () => {
  test('reads a key with an escape as it is, whatever was read before; JSON.parse of V8 13.6 does not', () => {
    const cases = [
      { before: '{"a":1,"\\\\":2}', text: '{"a":1,"\\u00e9":2}', key: 'é' },
      { before: '{"b":1,"\\\\n":2}', text: '{"b":1,"\\nx":2}', key: '\nx' },
      { before: '{"c":1,"\\\\\\"":2}', text: '{"c":1,"\\"\\"" : {}}', key: '""' },
    ]
    for (const { before, text, key } of cases) {
      JSON.parse(before)
      parsePythonJson(before)
      expect(Object.keys(parsePythonJson(text) as object)[1]).toBe(key)
    }
  })

  test('a megabyte of escapes in values and keys is read in one pass', () => {
    const escapes = '\\u00e9\\"\\\\'.repeat(40_000)
    const read = parsePythonJson(`{"v":"${escapes}","${escapes}":1}`) as { v: string }
    expect(read.v).toBe('é"\\'.repeat(40_000))
    expect(splitPythonObject(`{"v":"${escapes}"}`).get('v')?.text).toBe(`"${escapes}"`)
  })
})
