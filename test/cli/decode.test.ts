/** Verdicts of `decode` that need no store. */
import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { decode } from '../../src/cli/decode.ts'
import { openSite } from '../../src/cli/site.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'

const KEY = { secret: 'a secret of tokens that is long enough' }
const jwt: DjangoSettings = {
  SECRET_KEY: 'another',
  SESSION_ENGINE: 'django.contrib.sessions.backends.signed_cookies',
  DJANGO_SESSION_JWT: { KEY },
}
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(claims: object, alg = 'HS256', secret = KEY.secret): string {
  const signed = `${part({ typ: 'JWT', alg })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

async function causeOf(text: string, settings = jwt): Promise<string | undefined> {
  const site = await openSite({ settings, options: {}, source: '' })
  const [first] = await decode(text, site)
  await site.close()
  return first?.refusal?.cause
}

test.each<[string, string, string | undefined]>([
  ['a good token', token({ sk: 'x' }), undefined],
  ['one of another algorithm', token({ sk: 'x' }, 'HS512'), 'jwt_invalid'],
  ['one from the future', token({ sk: 'x', nbf: 4_000_000_000 }), 'jwt_invalid'],
  ['one without a session key', token({ user: 1 }), 'jwt_invalid'],
  ['one that has expired', token({ sk: 'x', exp: 1 }), 'expired'],
  ['one by another key', token({ sk: 'x' }, 'HS256', 'another key altogether, long enough'), 'wrong_key'],
  ['one by SECRET_KEY', token({ sk: 'x' }, 'HS256', 'another'), 'wrong_key'],
  ['text of nobody', 'what is this?', 'unrecognised'],
  ['a header without the cookie', 'Cookie: csrftoken=abc', 'unrecognised'],
])('%s', async (_, text, cause) => {
  expect(await causeOf(text)).toBe(cause)
})
