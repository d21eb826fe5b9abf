import { createHmac, createSecretKey, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openJws, signJws } from '../../src/jwt/jws.ts'

const SECRET = 'a secret of more than thirty-two bytes'
const key = createSecretKey(Buffer.from(SECRET))
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const base64url = (text: string): string => Buffer.from(text).toString('base64url')
const hmac = (input: string, secret = SECRET): string =>
  createHmac('sha256', secret).update(input, 'latin1').digest('base64url')
/** A token with this header, whatever it is, and a good signature. */
const withHeader = (header: string, payload = base64url('{}')): string => {
  const input = `${header}.${payload}`
  return `${input}.${hmac(input)}`
}
const open = (token: string) => openJws(token, 'HS256', [key])
const refused = (reason: string) => ({ ok: false, reason })

describe('HS256', () => {
  test('a token is header, payload and signature, each in base64url', () => {
    const token = signJws('{"sk":"ä"}', 'HS256', key)
    const [header = '', payload = '', signature = ''] = token.split('.')
    expect(Buffer.from(header, 'base64url').toString()).toBe('{"alg":"HS256","typ":"JWT"}')
    expect(Buffer.from(payload, 'base64url').toString()).toBe('{"sk":"ä"}')
    expect(signature).toBe(hmac(`${header}.${payload}`))
    expect(open(token)).toEqual({ ok: true, payload: Buffer.from('{"sk":"ä"}') })
  })

  test('one of several keys is enough, whichever it is', () => {
    const token = signJws('{}', 'HS256', key)
    const other = createSecretKey(Buffer.from('another secret of more than 32 bytes'))
    expect(openJws(token, 'HS256', [other, key]).ok).toBe(true)
    expect(openJws(token, 'HS256', [key, other]).ok).toBe(true)
    expect(openJws(token, 'HS256', [other])).toEqual(refused('signature'))
    expect(openJws(token, 'HS256', [])).toEqual(refused('signature'))
  })

  test('a token has 16,384 characters at most', () => {
    const header = base64url('{"alg":"HS256","typ":"JWT"}')
    const rest = 16_384 - header.length - 1 - 1 - 43
    // A length of 1 modulo 4 is no base64.
    const fits = withHeader(header, 'A'.repeat(rest - (rest % 4)))
    expect(fits.length).toBeGreaterThan(16_380)
    expect(open(fits).ok).toBe(true)
    expect(open('x'.repeat(16_384))).toEqual(refused('malformed'))
    expect(open('x'.repeat(16_385))).toEqual(refused('too_long'))
  })

  test.each(['', 'x', 'x.', 'x.y', '.', '..', 'x..', '..x', 'x..y', 'x.y.', 'x.y.z.', 'x.y.z.a'])(
    '%j has not three parts of base64url, and is malformed',
    (token) => {
      expect(open(token)).toEqual(refused('malformed'))
    },
  )

  test('a payload or a signature with a padded, foreign or second spelling is malformed', () => {
    const header = base64url('{"alg":"HS256","typ":"JWT"}')
    const good = hmac(`${header}.e30`)
    expect(open(`${header}.e30.${good}`).ok).toBe(true)
    for (const payload of ['e30=', 'e3+', 'e3/', 'e 0', 'e31', 'e30A1', 'eA\n']) {
      expect(open(`${header}.${payload}.${hmac(`${header}.${payload}`)}`)).toEqual(refused('malformed'))
    }
    // The last letter of 43 has two bits too many; of the four spellings one is right.
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = letters.indexOf(good.slice(-1))
    expect(last % 4).toBe(0)
    for (const bits of [1, 2, 3]) {
      expect(open(`${header}.e30.${good.slice(0, -1)}${letters.charAt(last + bits)}`)).toEqual(refused('malformed'))
    }
  })

  test('an empty header, or one without a signature of its own, does not match', () => {
    expect(open(`.e30.${hmac('x.e30')}`)).toEqual(refused('signature'))
    expect(open(withHeader(''))).toEqual(refused('malformed'))
  })

  test.each<[string, string, string]>([
    ['that is not base64url', '{"alg"}', 'malformed'],
    ['that is not JSON', base64url('{'), 'malformed'],
    ['that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url'), 'malformed'],
    ['that is null', base64url('null'), 'malformed'],
    ['that is a number', base64url('7'), 'malformed'],
    ['that is text', base64url('"alg"'), 'malformed'],
    ['that is a list', base64url('[{"alg":"HS256"}]'), 'malformed'],
    ['with a name twice', base64url('{"alg":"HS256","alg":"HS256"}'), 'malformed'],
    ['that is nested deeply', base64url(`{"alg":"HS256","x":${'['.repeat(40)}${']'.repeat(40)}}`), 'malformed'],
    ['without an algorithm', base64url('{"typ":"JWT"}'), 'algorithm'],
    ['with another algorithm', base64url('{"alg":"HS512","typ":"JWT"}'), 'algorithm'],
    ['with none', base64url('{"alg":"none"}'), 'algorithm'],
    ['with the algorithm in a list', base64url('{"alg":["HS256"]}'), 'algorithm'],
    ['with what must be understood', base64url('{"alg":"HS256","crit":["exp"]}'), 'header'],
    ['with an unencoded payload', base64url('{"alg":"HS256","b64":false}'), 'header'],
    ['with a key id that is a number', base64url('{"alg":"HS256","kid":7}'), 'header'],
  ])('a signed header %s is refused', (_, header, reason) => {
    expect(open(withHeader(header))).toEqual(refused(reason))
  })

  test('a header in other words opens where its algorithm is the configured one', () => {
    for (const header of ['{"typ":"JWT","alg":"HS256"}', '{"alg":"HS256"}', '{ "alg": "HS256", "kid": "a" }']) {
      expect(open(withHeader(base64url(header)))).toEqual({ ok: true, payload: Buffer.from('{}') })
    }
  })
})

describe('RS256', () => {
  test('a token is signed with the private key and opened with the public one', () => {
    const token = signJws('{"a":1}', 'RS256', privateKey)
    const [header = '', payload = '', signature = ''] = token.split('.')
    expect(Buffer.from(header, 'base64url').toString()).toBe('{"alg":"RS256","typ":"JWT"}')
    expect(signature).toBe(sign('sha256', Buffer.from(`${header}.${payload}`), privateKey).toString('base64url'))
    expect(openJws(token, 'RS256', [publicKey])).toEqual({ ok: true, payload: Buffer.from('{"a":1}') })
    expect(openJws(`${token.slice(0, -4)}AAAA`, 'RS256', [publicKey])).toEqual(refused('signature'))
  })

  test('the usual header of the other algorithm is a reason of its own, another header is not', () => {
    const rs256 = signJws('{}', 'RS256', privateKey)
    expect(open(rs256)).toEqual(refused('algorithm'))
    expect(openJws(signJws('{}', 'HS256', key), 'RS256', [publicKey])).toEqual(refused('algorithm'))
    expect(open(rs256.replace(/^[^.]+/, base64url('{"alg":"RS256"}')))).toEqual(refused('signature'))
  })
})
