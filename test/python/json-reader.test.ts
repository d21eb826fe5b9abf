import { describe, expect, test } from 'vitest'
import { SerializationError } from '../../src/errors.ts'
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

  test.each([0, 1, 2047, 2048, 3000, 9000])(
    'an integer of more digits than Python reads is refused, %i signs in',
    (at) => {
      const before = `{"a":"${'x'.repeat(at)}","b":[`
      expect(() => splitPythonObject(`${before}${'7'.repeat(4301)}]}`)).toThrow(SerializationError)
      expect(splitPythonObject(`${before}${'7'.repeat(4300)}]}`).get('b')?.text).toHaveLength(4302)
    },
  )

  test('nesting ends at the limit, wherever it stands', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
    const wide = '[1],'.repeat(600)
    for (const [before, after] of [
      ['{"a":', '}'],
      [`{"w":[${wide}[]],"a":`, '}'],
      [`{"a":{"b":[${wide}`, ']}}'],
    ] as const) {
      const around = before.split(/[[{]/).length - before.split(/[\]}]/).length
      expect(() => splitPythonObject(`${before}${nested(500 - around)}${after}`)).not.toThrow()
      expect(() => splitPythonObject(`${before}${nested(501 - around)}${after}`)).toThrow(SerializationError)
    }
  })
})

describe('splitPythonObject', () => {
  test('a number or what holds one is known only where JSON.parse reads all numbers as they are', () => {
    const members = splitPythonObject('{"text":"x","list":[1],"big":12345678901234567890}')
    expect(members.get('text')?.parsed).toBe('x')
    expect(members.get('list')?.parsed).toBeUndefined()
    expect(members.get('big')?.parsed).toBeUndefined()
    expect(splitPythonObject('{"list":[1]}').get('list')?.parsed).toEqual([1])
  })

  test('keys come in the order of the text, also those that look like an index', () => {
    expect([...splitPythonObject('{"b":1,"10":2,"2":3,"a":4,"b":5}').keys()]).toEqual(['b', '10', '2', 'a'])
    expect([...splitPythonObject('{"z":1,"a":2}').keys()]).toEqual(['z', 'a'])
  })
})
