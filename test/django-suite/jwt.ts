/** The functions of django_session_jwt/middleware/session.py by this library's JWT cookie. */
import { createPublicKey } from 'node:crypto'
import { keyRuleOf } from '../../src/connect/connect.ts'
import { createJwtCookie } from '../../src/cookies/jwt-cookie.ts'
import type { SessionCookie } from '../../src/cookies/session-cookie.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { checkSettings, type JwtDictionary, type Settings } from '../../src/settings/settings.ts'
import { expiryOf } from '../../src/stores/session-expiry.ts'
import { jwtClaims, type Site } from './site.ts'

/** The key in use, as the package's module has it, and its algorithm. */
interface KeyInUse {
  readonly key: string | Uint8Array
  readonly algorithm: 'HS256' | 'RS256'
}

export const JWT_FUNCTIONS: Readonly<Record<string, (site: Site, args: never, kwargs: never) => unknown>> = {
  create_jwt(
    site,
    [user, sessionKey, expires]: [Record<string, unknown> | null, string, number | null],
    { key, algorithm }: KeyInUse,
  ) {
    const KEY = algorithm === 'RS256' ? ([text(key), publicPem(key)] as const) : { secret: key }
    const { cookie, settings } = jwtCookie(site, { KEY, EXPIRES: expires })
    const makeValue = cookie.prepare({ previous: null, user, extra: jwtClaims(), carry: false, renew: true })
    return makeValue(sessionKey, expiryOf(undefined, settings, utcClock, site.now()))
  },

  verify_jwt(site, [token]: [string | null], { key, algorithm }: KeyInUse) {
    const KEY = algorithm === 'RS256' ? ([null, text(key)] as const) : { secret: key }
    const reading = jwtCookie(site, { KEY }).cookie.read(token ?? '')
    return 'key' in reading ? reading.claims : {}
  },
}

function jwtCookie(site: Site, jwt: JwtDictionary): { cookie: SessionCookie; settings: Settings } {
  const settings = checkSettings({
    ...site.settings,
    DJANGO_SESSION_JWT: { ...site.settings.DJANGO_SESSION_JWT, ...jwt },
  })
  if (settings.DJANGO_SESSION_JWT === null) throw new Error('The site has no JWT cookie.')
  const cookie = createJwtCookie({
    settings,
    jwt: settings.DJANGO_SESSION_JWT,
    judgeKey: keyRuleOf(settings),
    hasClaimsHook: true,
    allowWeakKeys: false,
    now: site.now,
    onWeakKey: () => {},
  })
  return { cookie, settings }
}

function text(key: string | Uint8Array): string {
  return typeof key === 'string' ? key : Buffer.from(key).toString()
}

function publicPem(privateKey: string | Uint8Array): string {
  return createPublicKey(text(privateKey)).export({ type: 'spki', format: 'pem' }).toString()
}
