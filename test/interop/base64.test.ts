/** Base64 of sessions of before Django 3.1, read as Python's base64.b64decode reads it. */
import { execFileSync } from 'node:child_process'
import { describe, expect, inject, test } from 'vitest'
import { decodeStandardBase64 } from '../../src/signing/base64.ts'
import { seededRandom } from '../seeded-random.ts'

const PYTHON = `import base64, json, sys
def decoded(text):
    try:
        return base64.b64decode(text.encode("ascii")).hex()
    except ValueError:
        return None
print(json.dumps([decoded(text) for text in json.load(sys.stdin)]))
`
const ALPHABET = 'AZaz09+/AZaz09+/===-_ \n!:é\u0141'

const pythons = inject('pythons').flatMap((django) => ('python' in django ? [django] : []))

describe.each(pythons)('the Python of Django $version', ({ python }) => {
  test('reads the same bytes of 5,000 texts, or refuses them', () => {
    const random = seededRandom(7)
    const letter = (): string => ALPHABET[Math.floor(random() * ALPHABET.length)] ?? ''
    const texts = Array.from({ length: 5000 }, () => Array.from({ length: Math.floor(random() * 12) }, letter).join(''))
    const expected = JSON.parse(
      execFileSync(python, ['-c', PYTHON], { input: JSON.stringify(texts), encoding: 'utf8' }),
    )
    const found = texts.map((text) => {
      try {
        return decodeStandardBase64(text).toString('hex')
      } catch {
        return null
      }
    })
    expect(found).toEqual(expected)
    expect(found.filter((one) => one === null).length).toBeGreaterThan(500)
    expect(found.filter((one) => one !== null && one !== '').length).toBeGreaterThan(500)
  })
})
