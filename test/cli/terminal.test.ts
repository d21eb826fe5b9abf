/** What comes from outside and reaches a terminal: shown as escapes, in explanations, messages and warnings. */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { decode, decodeUnverified } from '../../src/cli/decode.ts'
import { Explanation } from '../../src/cli/explanation.ts'
import { openSite } from '../../src/cli/site.ts'
import { driverFault, SettingsError, StoreUnavailable } from '../../src/errors.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import { createSessionCodec, sessionOf } from '../../src/stores/session-data.ts'
import { createWarnings } from '../../src/warnings.ts'

const points = [
  ...[0x07, 0x08, 0x0d, 0x1b, 0x7f, 0x80, 0x85, 0x9b, 0x9f, 0x61c, 0xad, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029],
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0xfeff, 0xd800, 0xdfff, 0xe0041],
]
const dangerous = points.map((point) => String.fromCodePoint(point)).join(' ')
const RAW =
  /[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\u{e0000}-\u{e007f}]/u
const wellFormed = dangerous.toWellFormed()

const SECRET_KEY = 'a key of the terminal'
const site = () =>
  openSite({
    settings: { SECRET_KEY, SESSION_ENGINE: 'django.contrib.sessions.backends.signed_cookies' },
    options: {},
    source: '',
  })

async function shown(text: string | Uint8Array): Promise<string> {
  const opened = await site()
  const told = await decode(text, opened)
  await opened.close()
  return told.map((one) => one.toText()).join('\n')
}

describe('S34: no character that moves the cursor, breaks a line, or turns or hides text is printed', () => {
  test('the content of a session, its keys too', async () => {
    const codec = createSessionCodec({ SECRET_KEY, salt: 'django.contrib.sessions.backends.signed_cookies' })
    const text = await shown(codec.encode(sessionOf([[`a${dangerous}`, [dangerous, { [dangerous]: dangerous }]]])))
    expect(text).not.toMatch(RAW)
    expect(text).toMatch(/\\u202e/i)
    expect(text).toContain('accepted')
  })

  test("a token's header and claims", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = await shown(
      `${part({ alg: dangerous, kid: wellFormed })}.${part({ sk: dangerous, [dangerous]: 1 })}.AAAA`,
    )
    expect(text).toContain('header')
    expect(text).toContain('\\u202e')
    expect(text).not.toMatch(RAW)
  })

  test('a pickle, and what is not recognised', async () => {
    const pickle = formatPickle({ [wellFormed]: wellFormed })
    expect(await shown(pickle)).not.toMatch(RAW)
    expect(await shown(pickle.toString('base64'))).not.toMatch(RAW)
    expect(await shown(`${dangerous}=${dangerous}`)).not.toMatch(RAW)
  })

  test('labels, notes and refusals', () => {
    const explanation = new Explanation(dangerous).note(dangerous, dangerous).refuse('tampered', dangerous)
    expect(explanation.toText()).not.toMatch(RAW)
    expect(explanation.toText().split('\n')).toHaveLength(3)
  })

  test('errors, their causes, and warnings', () => {
    const fault = driverFault({ name: dangerous, code: dangerous, syscall: dangerous, sqlState: dangerous })
    for (const text of [
      new SettingsError(dangerous).message,
      new StoreUnavailable(dangerous).message,
      ...Object.values(fault).map(String),
    ]) {
      expect(text).not.toMatch(RAW)
    }
    const told: string[] = []
    const warnings = createWarnings({ onWarning: ({ message }) => told.push(message) })
    warnings.warn({ code: 'cookie_not_secure', message: dangerous })
    warnings.close()
    expect(told).toHaveLength(1)
    expect(told.join()).not.toMatch(RAW)
  })

  test.each([
    'SESSION_ENGINE',
    'SESSION_SERIALIZER',
    'SESSION_COOKIE_NAME',
    'AUTH_USER_MODEL',
    'TIME_ZONE',
    'LOGIN_URL',
  ])('a wrong %s', (name) => {
    let message = ''
    try {
      createBridge({ SECRET_KEY, [name]: dangerous })
    } catch (error) {
      message = String(error)
    }
    expect(message).not.toMatch(RAW)
  })

  test('the command itself: what it does not know, and JSON', () => {
    const main = resolve(import.meta.dirname, '../../src/cli/main.ts')
    const codec = createSessionCodec({ SECRET_KEY: 'another' })
    const session = codec.encode(sessionOf([['a', dangerous]]))
    for (const parameters of [[`--${wellFormed.replaceAll('\0', '')}`], ['decode', session, '--json']]) {
      const env = { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1' }
      const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...parameters], { env, encoding: 'utf8' })
      expect(status).not.toBe(0)
      expect(stdout + stderr).not.toMatch(RAW)
      if (parameters.includes('--json')) {
        expect(JSON.parse(stdout)).toMatchObject([{ accepted: false, unverified: { a: dangerous } }])
      }
    }
  })
})

describe('without settings', () => {
  const error = new SettingsError('SECRET_KEY is missing.')
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

  test.each([
    ['signed text', createSessionCodec({ SECRET_KEY }).encode(sessionOf([['cart', 1]]))],
    ['text of before Django 3.1', createSessionCodec({ SECRET_KEY, writes: 'old' }).encode(sessionOf([['cart', 1]]))],
    ['a JWT', `${part({ alg: 'HS256' })}.${part({ cart: 1 })}.AAAA`],
    ['a pickle', formatPickle({ cart: 1 })],
    ['a pickle as Python shows it', `b'\\x80\\x04}\\x94\\x8c\\x04cart\\x94K\\x01s.'`],
  ])('%s is shown, and never as verified or accepted', (_, given) => {
    const told = decodeUnverified(given, error)
    expect(told).toMatchObject({ content: { cart: 1 }, verified: false, verdict: 'refused' })
    expect(told?.toText()).toContain('SECRET_KEY is missing')
    expect(told?.toText()).not.toContain('accepted')
  })

  test('a bare key has nothing to show', () => {
    expect(decodeUnverified('abcdefghij0123456789abcdefghij01', error)).toBeNull()
  })
})
