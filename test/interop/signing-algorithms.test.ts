/** What Django 2.2 and 3.2 sign by SHA-1 is read here by `algorithm`, and what is signed here by it is read there. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  BadSignature,
  dumps,
  loads,
  Signer,
  signCookie,
  TimestampSigner,
  unsignCookie,
} from '../../src/signing/index.ts'
import { type Oracle, startOracle } from './oracle.ts'

const key = 'a secret key of several Djangos'
const VALUES = ['hello', '', 'a:b', 'é☃😀', 'x'.repeat(300)]

/** What each Django signs by, without a word in its settings and with one. */
const SITES: readonly { version: string; settings: object; signs: 'sha1' | 'sha256'; takes: readonly string[] }[] = [
  { version: '2.2', settings: {}, signs: 'sha1', takes: ['sha1'] },
  { version: '3.2', settings: { DEFAULT_HASHING_ALGORITHM: 'sha1' }, signs: 'sha1', takes: ['sha1'] },
  { version: '3.2', settings: {}, signs: 'sha256', takes: ['sha1', 'sha256'] },
]

for (const site of SITES) {
  const runtime = inject('pythons').find(({ version }) => version === site.version)
  const python = runtime !== undefined && 'python' in runtime ? runtime.python : undefined
  const [algorithm, other] = site.signs === 'sha1' ? ['sha1', 'sha256'] : ['sha256', 'sha1']
  describe.runIf(python !== undefined)(`Django ${site.version} with ${JSON.stringify(site.settings)}`, () => {
    let oracle: Oracle
    beforeAll(() => {
      oracle = startOracle(python ?? '', ['signing_judge.py', JSON.stringify({ SECRET_KEY: key, ...site.settings })])
    })
    afterAll(() => oracle.stop())

    const taken = (question: { op: string; signed: string; [name: string]: unknown }) =>
      oracle.ask<unknown>(question).catch((error: Error) => error.message)

    test(`signs cookies by ${algorithm}, which only that algorithm opens`, async () => {
      for (const [name, salt] of [
        ['theme', ''],
        ['theme', 'salt of é'],
      ] as const) {
        for (const value of VALUES) {
          const signed = await oracle.ask<string>({ op: 'sign_cookie', name, value, salt })
          const options = { key, salt, legacySaltFallback: true, maxAge: 60 }
          expect(unsignCookie(name, signed, { ...options, algorithm })).toBe(value)
          expect(() => unsignCookie(name, signed, { ...options, algorithm: other })).toThrow(BadSignature)
        }
      }
    })

    test(`signs values and objects by ${algorithm}`, async () => {
      for (const value of VALUES) {
        const signed = await oracle.ask<string>({ op: 'sign', value })
        expect(new Signer({ key, algorithm }).sign(value)).toBe(signed)
        const stamped = await oracle.ask<string>({ op: 'stamp', value })
        expect(new TimestampSigner({ key, algorithm }).unsign(stamped, { maxAge: 60 })).toBe(value)
        expect(() => new TimestampSigner({ key, algorithm: other }).unsign(stamped)).toThrow(BadSignature)
        for (const compress of [false, true]) {
          const dumped = await oracle.ask<string>({ op: 'dumps', value: { value }, compress })
          expect(loads(dumped, { key, algorithm, maxAge: 60 })).toEqual({ value })
          expect(() => loads(dumped, { key, algorithm: other })).toThrow(BadSignature)
        }
      }
    })

    test(`takes what was signed here by ${site.takes.join(' and ')}, and by nothing else`, async () => {
      for (const by of ['sha1', 'sha256', 'sha512']) {
        const answer = <T>(value: T): T | string => (site.takes.includes(by) ? value : 'BadSignature')
        for (const value of VALUES) {
          const options = { key, algorithm: by }
          const cookie = signCookie('theme', value, { ...options, salt: 'salt', legacySalt: true })
          const question = { op: 'unsign_cookie', name: 'theme', salt: 'salt', signed: cookie }
          expect(await taken(question)).toBe(answer(value))
          expect(await taken({ op: 'unsign', signed: new Signer(options).sign(value) })).toBe(answer(value))
          expect(await taken({ op: 'unstamp', signed: new TimestampSigner(options).sign(value) })).toBe(answer(value))
          expect(await taken({ op: 'loads', signed: dumps([value], { ...options, compress: true }) })).toEqual(
            answer([value]),
          )
        }
      }
    })
  })
}
