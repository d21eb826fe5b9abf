/** Every failure that a bridge can be brought to, with a secret in everything that it was given. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createBridge } from '../src/bridge.ts'
import { DjangoBridgeError } from '../src/errors.ts'
import { parsePythonJson, splitPythonObject } from '../src/python/json-reader.ts'
import { decodeBase62, dumps, loads, Signer, TimestampSigner, unsignCookie } from '../src/signing/index.ts'
import { CANARY, SESSION_KEY, SITE_KEY, witness } from './secrets.ts'
import { loginValues, makeSite } from './site.ts'
import { keyFile, outcome } from './vectors.ts'

const planted = { note: `${CANARY} payload`, [`${CANARY}@example.com`]: [CANARY] }

class Holder {
  readonly inside = CANARY
}

/** What makes `finish` or an act of the handler fail, by the code of the error. */
const FAILURES: { readonly [what: string]: [code: string, sql: string, act: (session: never) => unknown] } = {
  'no table': ['store_unavailable', 'DROP TABLE django_session', () => undefined],
  'a trigger that refuses': [
    'store_unavailable',
    `CREATE TRIGGER t BEFORE UPDATE ON django_session BEGIN SELECT RAISE(ABORT, '${CANARY}'); END`,
    () => undefined,
  ],
  'a session that is gone': ['session_interrupted', 'DELETE FROM django_session', () => undefined],
  'a class instance': [
    'serialization',
    '',
    (session: Map<string, unknown>) => session.set('cart', { a: [new Holder()] }),
  ],
  'a class instance under a key that is data': [
    'serialization',
    '',
    (session: Map<string, unknown>) => session.set('cart', { [`${CANARY}@example.com`]: new Holder() }),
  ],
  'a cycle': [
    'serialization',
    '',
    (session: Map<string, unknown>) => {
      const list: unknown[] = [CANARY]
      list.push(list)
      session.set('cart', list)
    },
  ],
}

describe('S33, S34: no secret is seen', () => {
  for (const DJANGO_SESSION_JWT of [
    undefined,
    { KEY: { secret: `${SITE_KEY}-jwt` }, FIELDS: ['email'], EXPIRES: 600 },
  ]) {
    const cookie = DJANGO_SESSION_JWT === undefined ? 'a plain cookie' : 'a JWT cookie'
    test.each(Object.entries(FAILURES))(`when a save meets %s, with ${cookie}`, async (_, [code, sql, act]) => {
      const seer = witness()
      const settings = {
        SECRET_KEY: SITE_KEY,
        SECRET_KEY_FALLBACKS: [`${SITE_KEY}-old`],
        ...(DJANGO_SESSION_JWT && { DJANGO_SESSION_JWT }),
      }
      const site = await makeSite(settings, { hooks: seer.hooks })
      site.client.exec(`UPDATE auth_user SET email = '${CANARY}@example.com'`)
      const first = site.open()
      const made = await first.session()
      made.update({ ...loginValues('7', SITE_KEY), ...planted })
      const sent = (await first.finish(200)).cookies[0]?.value ?? ''
      const stored = site.rows().map((row) => row.session_data)
      const second = site.open(`sessionid=${sent}`)
      const session = await second.session()
      session.set('more', `more ${CANARY}`)
      act(session as never)
      if (sql !== '') site.client.exec(sql)
      const error: unknown = await Promise.resolve(second.finish(200)).then(
        () => null,
        (failure: unknown) => failure,
      )
      expect(error).toBeInstanceOf(DjangoBridgeError)
      expect((error as DjangoBridgeError).code).toBe(code)
      for (const thing of [error, second, session, site.bridge]) seer.look(thing)
      seer.finish([sent, ...sent.split('.'), ...stored, made.sessionKey ?? 'no key'])
      await site.close()
    })
  }

  test('when a cookie would be too large, or there is no key to sign it with', async () => {
    const publicKey = readFileSync(keyFile('rs256-public.pem'), 'utf8')
    const jwtSettings = [
      ['cookie_too_large', { KEY: { secret: `${SITE_KEY}-jwt` }, FIELDS: ['email'], EXPIRES: 600 }],
      ['key_required', { KEY: [null, publicKey], FIELDS: ['email'], EXPIRES: 600 }],
    ] as const
    for (const [code, DJANGO_SESSION_JWT] of jwtSettings) {
      const seer = witness()
      const site = await makeSite({ SECRET_KEY: SITE_KEY, DJANGO_SESSION_JWT }, { hooks: seer.hooks })
      site.client.exec(`UPDATE auth_user SET email = '${CANARY.repeat(1000)}@example.com'`)
      const django = site.open()
      const session = await django.session()
      session.update({ ...loginValues('7', SITE_KEY), ...planted })
      const error: unknown = await Promise.resolve(django.finish(200)).catch((failure: unknown) => failure)
      expect(error).toMatchObject({ code })
      seer.look(error)
      seer.finish()
      expect(site.rows()).toEqual([])
      await site.close()
    }
  })

  test('when cookies are refused: reports and what is printed', async () => {
    const seer = witness()
    const lines = `${CANARY}\\r\\n\\u001b[31m\\u2028`
    const token = Buffer.from(`{"sk":"${SESSION_KEY}"}`).toString('base64url')
    const texts = ['', CANARY, SESSION_KEY, lines, `"${lines}"`, `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.${token}.AAAA`]
    let reports = 0
    for (const DJANGO_SESSION_JWT of [undefined, { KEY: { secret: `${SITE_KEY}-jwt` }, EXPIRES: 600 }]) {
      const onSuspicious = (event: object): void => {
        reports++
        seer.look(event)
      }
      const hooks = { ...seer.hooks, onSuspicious }
      const site = await makeSite(
        { SECRET_KEY: SITE_KEY, ...(DJANGO_SESSION_JWT && { DJANGO_SESSION_JWT }) },
        { hooks },
      )
      for (const text of texts) {
        const django = site.open(`sessionid=${text}`)
        seer.look(await django.session())
        seer.look(django)
        await django.finish(200)
      }
      await site.close()
    }
    expect(reports).toBe(2 * texts.length)
    for (const line of seer.seen) expect(line).not.toMatch(/[\r\x1b\u2028]/)
    seer.finish([token])
  })

  test('when a server cannot be reached, or the settings look wrong', async () => {
    const seer = witness()
    const settings = { SECRET_KEY: SITE_KEY, DATABASES: { default: `postgres://u:${CANARY}@127.0.0.1:1/shop` } }
    const bridge = createBridge(settings, { hooks: seer.hooks })
    const headers = { cookie: `sessionid=${SESSION_KEY}` }
    const django = bridge.open({ method: 'GET', url: `/${CANARY}`, headers, secure: false })
    for (const call of [() => django.user(), () => bridge.check()]) {
      const error: unknown = await call().catch((failure: unknown) => failure)
      expect(error).toMatchObject({ code: 'store_unavailable' })
      seer.look(error)
    }
    await bridge.close()
    seer.look(django)
    seer.look(bridge)
    seer.finish()
  })

  test('when signed text or JSON is refused by the functions that stand alone', () => {
    const seer = witness()
    const key = SITE_KEY
    const old = dumps({ note: CANARY }, { key, now: () => 0 })
    const attempts = [
      () => loads(`${CANARY}:${CANARY}:${CANARY}`, { key }),
      () => loads(CANARY, { key }),
      () => loads(old, { key, maxAge: 10 }),
      () => loads(old, { key: `${key}-other` }),
      () => new Signer({ key, sep: CANARY }),
      () => new Signer({ key }).unsign(`${CANARY}:x`),
      () => new TimestampSigner({ key }).unsign(new Signer({ key }).sign(CANARY)),
      () => new TimestampSigner({ key }).sign(`${CANARY}\ud800`),
      () => unsignCookie('id', `${CANARY}:${CANARY}:x`, { key }),
      () => decodeBase62(`${CANARY}!`),
      () => parsePythonJson(`{"${CANARY}": ${CANARY}}`),
      () => parsePythonJson(`"${CANARY}`),
      () => splitPythonObject(`["${CANARY}"]`),
    ]
    for (const attempt of attempts) {
      const made = outcome(attempt)
      expect(made).toHaveProperty('error')
      seer.look((made as { error: unknown }).error)
    }
    seer.finish([old])
  })
})
