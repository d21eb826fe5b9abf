/** The stateless verifier: what it refuses at start, and what it refuses of a token. */
import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { SettingsError } from '../../src/errors.ts'
import { signJws } from '../../src/jwt/jws.ts'
import { hmacKey } from '../../src/jwt/keys.ts'
import { createJwtVerifier, type JwtVerifierOptions } from '../../src/jwt/verifier.ts'
import { keyFile, outcome } from '../vectors.ts'

const SECRET = 'a secret of the JWT cookie, long enough'
const NOW = 1_700_000_000
const CLAIMS = { sk: 'abcdefghijklmnopqrstuvwxyz012345', iat: NOW - 10, exp: NOW + 100 }

const encode = (text: string) => Buffer.from(text).toString('base64url')

/** Any header and payload, well signed. */
function signed(header: string, payload: string = JSON.stringify(CLAIMS)): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`
}

const good = signJws(JSON.stringify(CLAIMS), 'HS256', hmacKey(SECRET, { name: 'secret' }))
const at = (seconds: number) => createJwtVerifier({ secret: SECRET, now: () => seconds * 1000 })

describe('a token', () => {
  test('S16: a bit flipped, a cut, an addition or swapped parts are refused', () => {
    const verifier = at(NOW)
    expect(verifier.verify(good).ok).toBe(true)
    const parts = good.split('.')
    const changed = fc.oneof(
      fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 6 })).map(([index, bit]) => {
        const sign = String.fromCharCode(good.charCodeAt(index) ^ (1 << bit))
        return good.slice(0, index) + sign + good.slice(index + 1)
      }),
      fc.nat(good.length - 1).map((end) => good.slice(0, end)),
      fc.integer({ min: 1, max: good.length }).map((start) => good.slice(start)),
      fc.string({ minLength: 1, unit: 'binary' }).map((more) => good + more),
      fc.shuffledSubarray(parts, { minLength: 1 }).map((some) => some.join('.')),
    )
    fc.assert(
      fc.property(changed, (token) => token === good || !verifier.verify(token).ok),
      { numRuns: 5000 },
    )
  })

  test('S20: addresses, keys and names of keys in the header decide nothing', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const own = { jwk: publicKey.export({ format: 'jwk' }), jku: 'https://evil.example', x5u: 'https://evil.example' }
    for (const more of [own, { kid: '__proto__' }, { kid: '../x' }, { kid: "' OR 1=1" }, { cty: 'JWT', x5c: ['a'] }]) {
      const header = JSON.stringify({ alg: 'HS256', typ: 'JWT', ...more })
      expect(at(NOW).verify(signed(header)).ok).toBe(true)
      const other = `${encode(header)}.${encode(JSON.stringify(CLAIMS))}`
      const mark = createHmac('sha256', 'the key of somebody else, long enough').update(other).digest('base64url')
      expect(at(NOW).verify(`${other}.${mark}`)).toEqual({ ok: false, reason: 'signature' })
    }
    expect(at(NOW).verify(signed('{"alg":"HS256","kid":5}'))).toEqual({ ok: false, reason: 'header' })
  })

  test('S20: an own key in `jwk` opens nothing where RS256 is configured', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const verifier = createJwtVerifier({ publicKey: readFileSync(keyFile('rs256-public.pem')), now: () => NOW * 1000 })
    const header = JSON.stringify({ alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) })
    const [, payload = '', mark = ''] = signJws(JSON.stringify(CLAIMS), 'RS256', privateKey as KeyObject).split('.')
    expect(verifier.verify(`${encode(header)}.${payload}.${mark}`)).toEqual({ ok: false, reason: 'signature' })
  })

  test.each(['"crit":["exp"]', '"crit":[]', '"crit":null', '"b64":true', '"b64":false,"crit":["b64"]'])(
    'S23: a header with %s is refused',
    (member) => {
      expect(at(NOW).verify(signed(`{"alg":"HS256",${member}}`))).toEqual({ ok: false, reason: 'header' })
    },
  )

  test('a name twice in the header is refused; in the claims the last one counts, as for Django', () => {
    for (const header of ['{"alg":"none","alg":"HS256"}', '{"alg":"HS256","a":{"b":1,"b":1}}']) {
      expect(at(NOW).verify(signed(header))).toEqual({ ok: false, reason: 'malformed' })
    }
    const twice = signed('{"alg":"HS256"}', `{"sk":"first000","sk":"second00","exp":1,"exp":${NOW + 1}}`)
    expect(at(NOW).verify(twice)).toMatchObject({ ok: true, sessionKey: 'second00' })
  })

  test('S26: nesting ends at 32 levels in a header, at 500 in claims', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    const inHeader = (levels: number) => at(NOW).verify(signed(`{"alg":"HS256","x":${nested(levels)}}`)).ok
    const inClaims = (levels: number) =>
      at(NOW).verify(signed('{"alg":"HS256"}', `{"sk":"abcdefgh","x":${nested(levels)}}`)).ok
    expect([inHeader(31), inHeader(32), inClaims(499), inClaims(500)]).toEqual([true, false, true, false])
  })

  test('S24: nothing is remembered of a token: the same text is judged by the clock each time', () => {
    let now = NOW
    const verifier = createJwtVerifier({ secret: SECRET, now: () => now * 1000 })
    const answers = [NOW, NOW + 99, NOW + 100, NOW, NOW - 11].map((second) => {
      now = second
      return verifier.verify(good).ok
    })
    expect(answers).toEqual([true, true, false, true, false])
  })

  test('S24: no other spelling of a token passes', () => {
    const spellings = [`${good}=`, `${good}==`, ` ${good}`, `${good}\n`, good.replaceAll('.', '%2E'), `"${good}"`]
    expect(spellings.filter((text) => at(NOW).verify(text).ok)).toEqual([])
  })

  test('S21: text with a byte order mark is no time, and a clock that gives NaN refuses', () => {
    const bom = signed('{"alg":"HS256"}', `{"sk":"abcdefgh","exp":"\\ufeff${NOW + 9}"}`)
    expect(at(NOW).verify(bom)).toEqual({ ok: false, reason: 'claims' })
    expect(at(Number.NaN).verify(good).ok).toBe(false)
  })

  test('S22: an audience that is not empty is refused: this cookie has none', () => {
    for (const aud of ['"x"', '["x"]', '7']) {
      const token = signed('{"alg":"HS256"}', `{"sk":"abcdefgh","aud":${aud}}`)
      expect(at(NOW).verify(token)).toEqual({ ok: false, reason: 'claims' })
    }
  })

  test.each(['{}', '{"sk":null}', '{"sk":""}', '{"sessionid":"abcdefgh"}', '{"token_type":"access","user_id":7}'])(
    'S22: claims %s are those of another kind of token, signed with the same key',
    (payload) => {
      const { ok } = at(NOW).verify(signed('{"alg":"HS256","typ":"JWT"}', payload))
      expect(ok).toBe(false)
    },
  )
})

describe('options', () => {
  const refusal = (options: object) => outcome(() => createJwtVerifier(options as JwtVerifierOptions))

  test.each([
    [[['id', 'id', 'sk']]],
    [[['id', 'i', 'exp']]],
    [
      [
        ['id', 'id', 'user_id'],
        ['username', 'u', 'id'],
      ],
    ],
  ])('FIELDS %j write over another claim: refused, for the verifier and for a bridge', (FIELDS) => {
    const settings = {
      SECRET_KEY: SECRET,
      DEBUG: true,
      DATABASES: { default: 'sqlite://:memory:' },
      DJANGO_SESSION_JWT: { FIELDS, EXPIRES: 60 },
    }
    expect(refusal({ secret: SECRET, FIELDS })).toEqual({ error: expect.any(SettingsError) })
    expect(outcome(() => createBridge(settings))).toEqual({ error: expect.any(SettingsError) })
  })

  test('a public key may be PEM, DER of either form, a certificate, a JWK or a KeyObject', () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const token = signJws(JSON.stringify(CLAIMS), 'RS256', pair.privateKey)
    const forms = [
      pair.publicKey,
      pair.publicKey.export({ format: 'jwk' }),
      ...(['spki', 'pkcs1'] as const).flatMap((type) => [
        pair.publicKey.export({ type, format: 'der' }),
        pair.publicKey.export({ type, format: 'pem' }),
        Buffer.from(pair.publicKey.export({ type, format: 'pem' })),
      ]),
    ]
    for (const publicKey of forms) {
      const verifier = createJwtVerifier({ publicKey: publicKey as KeyObject, now: () => NOW * 1000 })
      expect(verifier.verify(token).ok).toBe(true)
    }
    const certified = signJws(
      JSON.stringify(CLAIMS),
      'RS256',
      createPrivateKey(readFileSync(keyFile('rs256-private.pem'))),
    )
    const certificate = readFileSync(keyFile('rs256-certificate.pem'), 'utf8')
    for (const publicKey of [certificate, new X509Certificate(certificate).raw]) {
      expect(createJwtVerifier({ publicKey, now: () => NOW * 1000 }).verify(certified).ok).toBe(true)
    }
  })

  test('a private key is no public one, in any form', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const forms = [
      privateKey,
      privateKey.export({ format: 'jwk' }),
      ...(['pkcs8', 'pkcs1'] as const).flatMap((type) => [
        privateKey.export({ type, format: 'der' }),
        privateKey.export({ type, format: 'pem' }),
      ]),
    ]
    for (const publicKey of forms) expect(refusal({ publicKey })).toEqual({ error: expect.any(SettingsError) })
  })

  test.each([
    { issuer: /x/ },
    { audience: 'x' },
    { algorithms: ['none'] },
    { typ: 'JWT' },
    { SESSION_COOKIE_NAME: /sessionid/ },
    { SESSION_FIELD: '' },
  ])('S22: %o would be believed to be checked: a SettingsError', (option) => {
    expect(refusal({ secret: SECRET, ...option })).toEqual({ error: expect.any(SettingsError) })
  })

  test.each(['', Buffer.alloc(0), undefined, null, false, 0, [], [SECRET, ''], [undefined]])(
    'S19: the secret %o is refused at start',
    (secret) => {
      expect(refusal({ secret })).toEqual({ error: expect.any(SettingsError) })
    },
  )

  test.each(['secret', 'publicKey'])('S19: a %s that the environment does not have is refused by name', (name) => {
    const options = { [name]: undefined } as never
    expect(() => createJwtVerifier(options)).toThrow(`${name} is undefined; is the variable set that it comes from?`)
  })

  test.each(['', null, undefined, false, 0, [], ['', ''], [null, '']])('S19: the setting KEY %o is refused', (KEY) => {
    const made = outcome(() =>
      createBridge({
        SECRET_KEY: SECRET,
        DEBUG: true,
        DATABASES: { default: 'sqlite://:memory:' },
        DJANGO_SESSION_JWT: { KEY, EXPIRES: 60 } as never,
      }),
    )
    expect(made).toEqual({ error: expect.any(SettingsError) })
  })

  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }))
  const certificate = readFileSync(keyFile('rs256-certificate.pem'), 'utf8')
  const encrypted = privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'open' })
  const shapes: [string, string | Uint8Array][] = [
    ['PEM', pem],
    ['PEM behind a space', ` ${pem}`],
    ['PEM behind a byte order mark', `\ufeff${pem}`],
    ['PEM in UTF-16', Buffer.from(pem, 'utf16le')],
    ['PEM with CRLF', pem.replaceAll('\n', '\r\n')],
    ['PEM without its armour', pem.replace(/-----.*-----\n/g, '')],
    ['PEM in base64', Buffer.from(pem).toString('base64')],
    ['PEM in base64, twice', Buffer.from(Buffer.from(pem).toString('base64')).toString('base64')],
    ['PKCS #1', publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['DER', der],
    ['DER in base64', der.toString('base64')],
    ['SSH', 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 me@host'],
    ['SSH without its first word', 'AAAAB3NzaC1yc2EAAAADAQABAAABAQC7'],
    ['JWK', jwk],
    ['JWK with an escape in its name', jwk.replace('"kty"', '"\\u006bty"')],
    ['JWK in base64', Buffer.from(jwk).toString('base64')],
    ['JWKS', `{"keys":[${jwk}]}`],
    ['a list of JWK', `[${jwk}]`],
    ['a certificate', certificate],
    ['a certificate in DER', new X509Certificate(certificate).raw],
    ['an encrypted private key in DER', encrypted],
  ]
  test.each(shapes)('S18: %s is no HMAC secret, for the verifier and for a bridge', (_, secret) => {
    const settings = {
      SECRET_KEY: SECRET,
      DEBUG: true,
      DATABASES: { default: 'sqlite://:memory:' },
      DJANGO_SESSION_JWT: { KEY: { secret }, EXPIRES: 60 },
    }
    expect(refusal({ secret })).toEqual({ error: expect.any(SettingsError) })
    expect(outcome(() => createBridge(settings))).toEqual({ error: expect.any(SettingsError) })
  })

  test('S18: RSA keys that are short, or whose exponent is 1 or even, are refused', () => {
    const { n } = publicKey.export({ format: 'jwk' })
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    expect(refusal({ publicKey: short })).toEqual({ error: expect.any(SettingsError) })
    for (const exponent of ['AQ', 'Ag', 'AQAA', Buffer.alloc(9, 255).toString('base64url')]) {
      expect(refusal({ publicKey: { kty: 'RSA', n, e: exponent }, allowWeakKeys: true })).toEqual({
        error: expect.any(SettingsError),
      })
    }
    expect(refusal({ publicKey: { kty: 'RSA', n, e: 'AQAB' } })).toHaveProperty('value')
  })
})

describe('what is printed', () => {
  test('S33: no secret in settings, bridge, context or verifier, hidden properties shown', () => {
    const canary = 'canary-canary-canary-canary-canary'
    const bridge = createBridge({
      SECRET_KEY: `${canary}-1`,
      SECRET_KEY_FALLBACKS: [`${canary}-2`],
      DEBUG: true,
      DATABASES: { default: `postgres://u:${canary}@127.0.0.1:1/x` },
      DJANGO_SESSION_JWT: { KEY: { secret: `${canary}-3` }, EXPIRES: 60 },
    })
    const cookie = `sessionid=${canary}`
    const context = bridge.open({ method: 'GET', url: '/', headers: { cookie }, secure: false })
    const verifier = createJwtVerifier({ secret: canary })
    expect(context.request.headers.cookie).toBe(cookie)
    expect(bridge.settings.SECRET_KEY).toBe(`${canary}-1`)
    for (const shown of [bridge, bridge.settings, context, verifier]) {
      const printed = inspect(shown, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + JSON.stringify(shown)
      expect(printed).not.toContain('canary')
    }
  })

  test('S33, S34: settings that stand in a wrong place are not shown, and no message breaks a line', () => {
    const url = 'postgres://u:canary@host/x'
    const wrong: object[] = [
      { DATABASES: { default: { ENGINE: url, NAME: 'x' } } },
      { SESSION_ENGINE: url },
      { SESSION_SERIALIZER: url },
      { DJANGO_SESSION_JWT: { [url]: 1 } },
      { DJANGO_SESSION_JWT: { FIELDS: [['a', `${url}\n\u2028\x1b[2J`]], SESSION_FIELD: `${url}\n\u2028\x1b[2J` } },
      { DATABASES: { 'a\r\n\u2028\x1b[31m': undefined } },
    ]
    for (const settings of wrong) {
      const made = outcome(() =>
        createBridge({ SECRET_KEY: SECRET, DEBUG: true, DATABASES: { default: 'sqlite://:memory:' }, ...settings }),
      )
      expect(made).toEqual({ error: expect.any(SettingsError) })
      const { message } = (made as { error: Error }).error
      expect(message).not.toContain('canary')
      expect(message).not.toMatch(/[\r\n\x1b\u2028]/)
    }
  })
})
