import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/errors.ts'
import { readKeySetting } from '../../src/jwt/key-setting.ts'

const SECRET_KEY = 'the SECRET_KEY of a site, longer than thirty-two bytes'
const pem = (bits: number) =>
  generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
const pair = pem(2048)
const other = pem(2048)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-setting-'))
  writeFileSync(join(folder, 'secret.txt'), 'a secret in a file, of thirty-two bytes\n')
  writeFileSync(join(folder, 'private.pem'), pair.privateKey)
  writeFileSync(join(folder, 'public.pem'), pair.publicKey)
  mkdirSync(join(folder, 'folder'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (setting: unknown, allowWeakKeys = false) => readKeySetting(setting as never, SECRET_KEY, allowWeakKeys)
const secretOf = (setting: unknown) => read(setting).verifyKey.export().toString()
const refusal = (setting: unknown, allowWeakKeys = false): string => {
  try {
    read(setting, allowWeakKeys)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  throw new Error('it was taken')
}

describe('a secret', () => {
  test('is SECRET_KEY where KEY is left out, and is named so', () => {
    expect(read(undefined)).toMatchObject({ algorithm: 'HS256', isWeak: false })
    expect(secretOf(undefined)).toBe(SECRET_KEY)
    expect(() => readKeySetting(undefined, 'short', false)).toThrow(
      /^SECRET_KEY, as the default of DJANGO_SESSION_JWT KEY,/,
    )
    expect(refusal('short')).toMatch(/^DJANGO_SESSION_JWT KEY /)
  })

  test('signs and verifies with the same key', () => {
    const { signKey, verifyKey } = read('a secret of more than thirty-two bytes')
    expect(signKey).toBe(verifyKey)
  })

  test('is weak below 32 bytes, and refused below 20 unless that is allowed', () => {
    expect(read('x'.repeat(32)).isWeak).toBe(false)
    expect(read('x'.repeat(31)).isWeak).toBe(true)
    expect(read('x'.repeat(20)).isWeak).toBe(true)
    expect(refusal('x'.repeat(19))).toMatch(/less than 20 bytes/)
    expect(read('x'.repeat(19), true).isWeak).toBe(true)
  })

  test('is text or bytes, also as { secret }, whatever it looks like', () => {
    const bytes = Buffer.from('a secret in bytes, of more than 32 of them')
    expect(secretOf(bytes)).toBe(bytes.toString())
    expect(secretOf({ secret: bytes })).toBe(bytes.toString())
    for (const text of [
      join(folder, 'secret.txt'),
      './looks/like/a/path/and/is/none.pem',
      '~/and/this/one/is/a/secret/too',
    ]) {
      expect(secretOf({ secret: text })).toBe(text)
    }
    const withSlashes = 'c2VjcmV0/with/slashes/as/half/of/base64/has+=='
    expect(secretOf(withSlashes)).toBe(withSlashes)
  })

  test('is what a file holds, with the newline at its end, by { path } or by text that names one', () => {
    const content = 'a secret in a file, of thirty-two bytes\n'
    expect(secretOf({ path: join(folder, 'secret.txt') })).toBe(content)
    expect(secretOf(join(folder, 'secret.txt'))).toBe(content)
  })

  test('may be text with a NUL or a line break, which is never a path', () => {
    for (const text of [`${'x'.repeat(40)}\0`, `${'x'.repeat(40)}\n`, `/${'x'.repeat(4096)}`])
      expect(secretOf(text)).toBe(text)
  })

  test('a folder of that name is not a file', () => {
    const name = join(folder, 'folder')
    expect(secretOf(name)).toBe(name)
  })

  test.each(['./keys/none', '../keys/none', '~/keys/none', 'none.pem', 'NONE.PEM', 'none.key', 'none.pub'])(
    '%s, where there is no file, is a path that is wrong, and is not shown',
    (path) => {
      const message = refusal(path)
      expect(message).toMatch(/looks like a path, and no such file exists.*give \{ secret \}/)
      expect(message).not.toContain(path)
    },
  )

  test.each(['none.pem.', 'a./keys/none', 'pem'])('%s may be a secret', (text) => {
    expect(refusal(text)).toMatch(/less than 20 bytes/)
  })

  test.each([7, null, true, {}, { path: 7 }, { secret: 7 }, { path: null }])('%j is not a key', (setting) => {
    expect(refusal(setting)).toBe('DJANGO_SESSION_JWT KEY must be text, { secret } or { path }.')
  })

  test('{ path } of a file that is not there is a file that cannot be read', () => {
    expect(refusal({ path: join(folder, 'none') })).toMatch(/a path whose file cannot be read/)
    expect(refusal({ path: join(folder, 'folder') })).toMatch(/a path whose file cannot be read/)
  })
})

describe('a pair', () => {
  const asText = [pair.privateKey, pair.publicKey]

  test('signs with its private key and verifies with its public one', () => {
    const { algorithm, signKey, verifyKey, isWeak } = read(asText)
    expect([algorithm, signKey?.type, verifyKey.type, isWeak]).toEqual(['RS256', 'private', 'public', false])
  })

  test('may be files', () => {
    expect(read([join(folder, 'private.pem'), { path: join(folder, 'public.pem') }]).algorithm).toBe('RS256')
  })

  test('of null and a public key reads, and never signs', () => {
    expect(read([null, pair.publicKey])).toMatchObject({ algorithm: 'RS256', signKey: null, isWeak: false })
  })

  test.each<[string, unknown[]]>([
    ['nothing', []],
    ['one', [pair.publicKey]],
    ['three', [...asText, pair.publicKey]],
    ['null as the public key', [pair.privateKey, null]],
    ['undefined as the public key', [pair.privateKey, undefined]],
  ])('of %s is not a pair', (_, setting) => {
    expect(refusal(setting)).toBe('DJANGO_SESSION_JWT KEY: a pair is [private key or null, public key].')
  })

  test('undefined as the private key is not null: an environment variable may be missing', () => {
    expect(refusal([undefined, pair.publicKey])).toMatch(/KEY\[0\], the private key, must be text/)
  })

  test('of halves of two pairs is refused', () => {
    expect(refusal([pair.privateKey, other.publicKey])).toBe(
      'DJANGO_SESSION_JWT KEY: the private and the public key do not belong together.',
    )
  })

  test('of fewer than 2048 bits is refused unless that is allowed', () => {
    const weak = pem(1024)
    expect(refusal([weak.privateKey, weak.publicKey])).toMatch(/2048/)
    expect(refusal([null, weak.publicKey])).toMatch(/KEY\[1\], the public key,.*2048/)
    expect(read([weak.privateKey, weak.publicKey], true).algorithm).toBe('RS256')
  })

  test('names the half that is wrong', () => {
    expect(refusal(['not a key at all, and long enough', pair.publicKey])).toMatch(/KEY\[0\], the private key,/)
    expect(refusal([pair.privateKey, 'not a key at all, and long enough'])).toMatch(/KEY\[1\], the public key,/)
    expect(refusal([pair.publicKey, pair.publicKey])).toMatch(/KEY\[0\], the private key,/)
    expect(refusal([pair.privateKey, pair.privateKey])).toMatch(/KEY\[1\], the public key,/)
  })
})
