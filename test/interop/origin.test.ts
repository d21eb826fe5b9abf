/** Random requests with an Origin, through proxies or not: who is taken for the site itself is Django's verdict. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { isSameOrigin } from '../../src/auth/guards.ts'
import { createBridge } from '../../src/bridge.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { randomTrials, SECRET_KEY } from './random-trials.ts'

const host = fc.constantFrom('example.com', 'a.example.com', 'example.com:8443', 'evil.test', 'localhost', '[::1]:8000')
const scheme = fc.constantFrom('http', 'https')
const origin = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(scheme, host).map(([how, where]) => `${how}://${where}`) },
  fc.constantFrom(
    'null',
    'https://.example.com',
    'https://xexample.com',
    'https://evil.test/.example.com',
    'https://evil.test?.example.com',
    'https://evil.test#.example.com',
    'https://A.EXAMPLE.COM',
    'HTTPS://a.example.com',
    'https://a.example.com.',
    'https://user@a.example.com',
    'https://evil.test\\.example.com',
    'https://evil.test\\@a.example.com',
    'https://evil.test|.example.com',
    'https://evil.test%2f.example.com',
    'https://evil.test .example.com',
    'https://evil.test:8443.example.com',
    'https://[::1].example.com',
    'https://xn--bcher-kva.example.com',
    'https://a_b.example.com',
    'https://a.example.com:8443',
    'https://a.example.com.evil.test',
    'http://a.example.com:8443',
    'https:a.example.com',
    '//a.example.com',
    'https://a.example.com:1',
    'https://a.b.example.com',
    '',
    'https://',
  ),
)
const proto = fc
  .tuple(
    fc.constantFrom('', ' ', '\t', '\x85', '\xa0'),
    fc.constantFrom('https', 'http', 'HTTPS', 'on', '', 'https http'),
    fc.constantFrom('', ' ', ',http', ', https', ',', ' ,https', '\x85', '\xa0,', ';'),
  )
  .map((parts) => parts.join(''))
const headers = fc.record(
  {
    Host: host,
    Origin: origin,
    'X-Forwarded-Host': fc.oneof(host, fc.constantFrom('', 'example.com, evil.test', 'Example.com')),
    'X-Forwarded-Port': fc.constantFrom('443', '8443'),
    'X-Forwarded-Proto': proto,
    'X-Forwarded-Ssl': fc.constantFrom('on', 'https', '1'),
  },
  { requiredKeys: ['Host'] },
)
/** Django compares ends of text where a browser sees a host that ends earlier; no browser sends these. */
const NO_HOST = /[\\|% ]|:8443\.|\]\./

const settings = fc.record<Partial<DjangoSettings>>({
  USE_X_FORWARDED_HOST: fc.boolean(),
  SECURE_PROXY_SSL_HEADER: fc.constantFrom(
    null,
    ['HTTP_X_FORWARDED_PROTO', 'https'] as const,
    ['HTTP_X_FORWARDED_SSL', 'on'] as const,
  ),
  CSRF_TRUSTED_ORIGINS: fc.subarray([
    'https://a.example.com',
    'https://*.example.com',
    'http://*.example.com:8443',
    'https://*.Example.com',
    'https://*',
    'https://evil.*',
  ]),
})

randomTrials('S31: HTTPS through proxies, and the Origins of requests', 2000, async ({ oracle, runs, seed }) => {
  const seen = { secure: 0, verified: 0 }
  const property = fc.asyncProperty(settings, headers, fc.boolean(), async (chosen, sent, secure) => {
    const expected = await oracle.ask<{ secure: boolean; verified: boolean }>({
      op: 'origin_verified',
      settings: { ...chosen, ALLOWED_HOSTS: ['*'] },
      headers: sent,
      secure,
    })
    const bridge = createBridge({ SECRET_KEY, DEBUG: true, DATABASES: { default: 'sqlite:///:memory:' }, ...chosen })
    const lower = Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]))
    const { request } = bridge.open({ method: 'POST', url: '/', headers: lower, secure })
    const verified = isSameOrigin(request, bridge.settings.CSRF_TRUSTED_ORIGINS)
    const isNoHost = sent.Origin !== undefined && NO_HOST.test(sent.Origin)
    expect({ secure: request.secure, verified }).toEqual(isNoHost ? { ...expected, verified: false } : expected)
    seen.secure += Number(expected.secure)
    seen.verified += Number(expected.verified)
  })
  await fc.assert(property, { numRuns: runs, seed })
  // Both verdicts must have come, or nothing was compared.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(runs / 50)
  for (const count of Object.values(seen)) expect(count).toBeLessThan(runs * 0.98)
})
