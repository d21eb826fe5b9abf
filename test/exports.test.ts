/** What the entries export: each function that reads signed text refuses what is not signed, and none says otherwise. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BadSignature } from '../src/errors.ts'
import { createJwtVerifier } from '../src/jwt/verifier.ts'
import {
  cookieSigner,
  dumps,
  jsonObjectSerializer,
  loads,
  Signer,
  signCookie,
  TimestampSigner,
  unsignCookie,
} from '../src/signing/index.ts'
import { createSessionCodec, sessionOf } from '../src/stores/session-data.ts'
import { outcome } from './vectors.ts'

const ROOT = resolve(import.meta.dirname, '..')
const KEY = 'a secret that is long enough for anybody'
const OTHER = 'the secret of somebody else, as long as that'

/** Exported functions and classes by entry, and what they do with text that a stranger may have written. */
const FUNCTIONS: { readonly [entry: string]: { readonly [name: string]: 'opens signed text' | 'reads none' } } = {
  '.': {
    addVary: 'reads none',
    createBridge: 'opens signed text',
    float: 'reads none',
    isSameOrigin: 'reads none',
    loginRequired: 'reads none',
    originDenied: 'reads none',
    privateCacheControl: 'reads none',
    PyFloat: 'reads none',
    sessionAuthHash: 'reads none',
    settingsFromDjango: 'reads none',
    settingsFromEnv: 'reads none',
  },
  './express': {
    djangoOf: 'reads none',
    djangoSessions: 'opens signed text',
    originCheck: 'reads none',
    requireUser: 'reads none',
    withUser: 'reads none',
  },
  './node': {
    djangoOf: 'reads none',
    djangoSessions: 'opens signed text',
    originCheck: 'reads none',
    withUser: 'reads none',
  },
  './fetch': {
    djangoOf: 'reads none',
    djangoSessions: 'opens signed text',
    originCheck: 'reads none',
    withUser: 'reads none',
  },
  './jwt': { createJwtVerifier: 'opens signed text' },
  './signing': {
    constantTimeCompare: 'reads none',
    cookieSigner: 'opens signed text',
    decodeBase62: 'reads none',
    dumps: 'reads none',
    encodeBase62: 'reads none',
    loads: 'opens signed text',
    saltedHmac: 'reads none',
    signCookie: 'reads none',
    Signer: 'opens signed text',
    TimestampSigner: 'opens signed text',
    unsignCookie: 'opens signed text',
  },
  './session-data': { createSessionCodec: 'opens signed text', sessionOf: 'reads none', sessionValues: 'reads none' },
  './python': {
    durationSeconds: 'reads none',
    encodeLike: 'reads none',
    float: 'reads none',
    floatRepr: 'reads none',
    formatPickle: 'reads none',
    formatPythonJson: 'reads none',
    JsonText: 'reads none',
    parsePickle: 'reads none',
    parsePythonJson: 'reads none',
    PyByteArray: 'reads none',
    PyComplex: 'reads none',
    PyCounter: 'reads none',
    PyDate: 'reads none',
    PyDateTime: 'reads none',
    PyDecimal: 'reads none',
    PyDefaultDict: 'reads none',
    PyFloat: 'reads none',
    PyFrozenSet: 'reads none',
    PyGlobal: 'reads none',
    PyLazyText: 'reads none',
    PyOrderedDict: 'reads none',
    PySafeString: 'reads none',
    PyTime: 'reads none',
    PyTimeDelta: 'reads none',
    PyTimeZone: 'reads none',
    PyTuple: 'reads none',
    PyUuid: 'reads none',
    splitPythonObject: 'reads none',
    tuple: 'reads none',
  },
  './testing': { testSession: 'reads none' },
}

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: { [entry: string]: string | { default: string } }
}
const entries = Object.entries(exports).flatMap(([entry, target]) =>
  typeof target === 'string' ? [] : [{ entry, source: target.default.replace('/dist/', '/src/').replace(/js$/, 'ts') }],
)

describe('exports', () => {
  test.each(entries)('S16: every function of $entry is known here, with what it does to signed text', async (where) => {
    const module = (await import(join(ROOT, where.source))) as Record<string, unknown>
    const isError = (value: unknown): boolean =>
      typeof value === 'function' && (value.name === 'DjangoBridgeError' || value.prototype instanceof Error)
    const functions = Object.keys(module).filter((name) => typeof module[name] === 'function' && !isError(module[name]))
    expect(functions.sort()).toEqual(Object.keys(FUNCTIONS[where.entry] ?? {}).sort())
  })

  test('S16: what a stranger signed is opened by none of them', () => {
    const as = { serializer: jsonObjectSerializer }
    const strangers = new TimestampSigner({ key: OTHER })
    const refused = { error: expect.any(BadSignature) }
    expect(outcome(() => loads(dumps({ user: 1 }, { key: OTHER }), { key: KEY }))).toEqual(refused)
    expect(outcome(() => new Signer({ key: KEY }).unsign(new Signer({ key: OTHER }).sign('1')))).toEqual(refused)
    expect(outcome(() => new TimestampSigner({ key: KEY }).unsign(strangers.sign('1')))).toEqual(refused)
    expect(
      outcome(() => new TimestampSigner({ key: KEY }).unsignObject(strangers.signObject({ a: 1 }, as), as)),
    ).toEqual(refused)
    expect(outcome(() => cookieSigner({ key: KEY }).unsign(cookieSigner({ key: OTHER }).sign('1')))).toEqual(refused)
    expect(outcome(() => unsignCookie('id', signCookie('id', '1', { key: OTHER }), { key: KEY }))).toEqual(refused)

    const data = sessionOf([['cart', [1]]])
    const forged = createSessionCodec({ SECRET_KEY: OTHER }).encode(data)
    expect(createSessionCodec({ SECRET_KEY: KEY }).decode(forged)).toHaveProperty('reason')

    const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
    const payload = Buffer.from('{"sk":"abcdefgh"}').toString('base64url')
    for (const mark of ['', 'AAAA', 'A'.repeat(43)]) {
      expect(createJwtVerifier({ secret: KEY }).verify(`${header}.${payload}.${mark}`).ok).toBe(false)
    }
  })
})
