/** Random LOGIN_URLs and request targets: where Django's login_required redirects, our guard does. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { loginRequired } from '../../src/auth/guards.ts'
import { randomTrials } from './random-trials.ts'

const loginUrl = fc
  .tuple(
    fc.constantFrom(
      '',
      '',
      'https://example.com',
      'HTTPS://sso.example.com',
      'http://example.com:8000',
      '//sso.test',
      '//[::1]:8000',
    ),
    fc.constantFrom('/login/', '/a%20b/ü', '/', '/login'),
    fc.constantFrom(
      '',
      '',
      '?',
      '?a=1',
      '?next=/old&a=b+c',
      '?a=%C3%A9&a=~&b',
      '?a=1&b=2&a=3&&',
      "?x=%zz'()*!",
      '?%6Eext=x;y',
      '??a',
    ),
    fc.constantFrom('', '', '#', '#top', '#a?b'),
  )
  .map((parts) => parts.join(''))
const target = fc
  .tuple(
    fc.constantFrom(
      '/',
      '/orders/',
      '/a%20b',
      '/a%2Fb',
      '/%C3%A9',
      '/%FF%e2%82',
      '/%41%7e%25',
      "/!'()*;,=@:&+$~",
      '/ü€',
      '/a/../b',
      '/a/./b',
      '/%5Cx',
      '/a%3Fb%23c',
      '/[x]|^`"',
    ),
    fc.constantFrom('', '?', '?page=2&next=/x', '?q=a+b%20c', '?é', "?'*()!", '?a?b', '?%', '?[]{}|'),
  )
  .map((parts) => Buffer.from(parts.join('')).toString('latin1'))
const requests = fc.record(
  {
    target,
    host: fc.constantFrom('example.com', 'sso.example.com', 'example.com:8000', '[::1]:8000', 'Example.com'),
    secure: fc.boolean(),
    field: fc.constantFrom('return to', 'a', 'é'),
  },
  { requiredKeys: ['target', 'host', 'secure'] },
)

randomTrials('redirects to LOGIN_URL', 2000, async ({ oracle, runs, seed }) => {
  const seen = { whole: 0, path: 0 }
  const property = fc.asyncProperty(loginUrl, requests, async (LOGIN_URL, { field, ...request }) => {
    const expected = await oracle.ask<string>({
      op: 'login_location',
      settings: { LOGIN_URL, ALLOWED_HOSTS: ['*'] },
      ...request,
      ...(field !== undefined && { field }),
    })
    const headers = { host: request.host, accept: 'text/html' }
    const denial = loginRequired(
      { method: 'GET', url: request.target, headers, secure: request.secure },
      LOGIN_URL,
      field === undefined ? {} : { redirectFieldName: field },
    )
    expect(denial).toEqual({ status: 302, location: expected })
    seen[expected.includes('=http') ? 'whole' : 'path'] += 1
  })
  await fc.assert(property, { numRuns: runs, seed })
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(runs / 10)
})
