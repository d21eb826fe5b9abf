/** JWT of django-session-jwt's shape, HS256 and RS256: verified and signed by this library, its peers, and by hand. */
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createJwtVerifier } from 'django-session-bridge/jwt'
import { createSigner, createVerifier } from 'fast-jwt'
import { jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { formatClaims } from '../src/jwt/claims.ts'
import { type JwtAlgorithm, signJws } from '../src/jwt/jws.ts'
import { signByHand, verifyByHand } from './by-hand.ts'
import type { BenchGroup } from './groups.ts'
import { asyncContestant, type Contest, contestant } from './rounds.ts'

const SECRET = 'a secret of the site that is long enough for HS256'
/** As many visitors take turns, so that a cache is not asked for one token alone. */
const TOKENS = 64

interface Keys {
  readonly sign: KeyObject
  readonly verify: KeyObject
}

export const jwtGroup: BenchGroup = async ({ check }) => {
  const secret = createSecretKey(Buffer.from(SECRET))
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys: Record<JwtAlgorithm, Keys> = {
    HS256: { sign: secret, verify: secret },
    RS256: { sign: pair.privateKey, verify: pair.publicKey },
  }
  const contests: Contest[] = []
  for (const algorithm of ['HS256', 'RS256'] as const) {
    contests.push(await verifying(algorithm, keys[algorithm], check))
    contests.push(await signing(algorithm, keys[algorithm], check))
  }
  return contests
}

type Check = Parameters<BenchGroup>[0]['check']

async function verifying(algorithm: JwtAlgorithm, keys: Keys, check: Check): Promise<Contest> {
  const tokens = Array.from({ length: TOKENS }, (_, visitor) =>
    signByHand(claimsOf(visitor, Math.floor(Date.now() / 1000)), algorithm, keys.sign),
  )
  const ours =
    algorithm === 'HS256' ? createJwtVerifier({ secret: SECRET }) : createJwtVerifier({ publicKey: keys.verify })
  const key = pem(keys.verify) ?? SECRET
  const uncached = createVerifier({ key, algorithms: [algorithm], cache: false })
  const cached = createVerifier({ key, algorithms: [algorithm], cache: TOKENS * 2 })
  const verifiers: Readonly<Record<string, (token: string) => unknown>> = {
    'django-session-bridge': (token) => ours.verify(token),
    'by hand': (token) => verifyByHand(token, algorithm, keys.verify),
    'fast-jwt': (token) => uncached(token),
    'fast-jwt, cached': (token) => cached(token),
    jsonwebtoken: (token) => jsonwebtoken.verify(token, keys.verify, { algorithms: [algorithm] }),
    jose: (token) => jwtVerify(token, keys.verify, { algorithms: [algorithm] }),
  }
  const title = `${algorithm} verify`
  const [token = ''] = tokens
  for (const [name, verify] of Object.entries(verifiers)) {
    check(`${title}: ${name} takes a good token`, (await claimsIn(verify, token))?.sk === claimsOf(0, 0).sk)
    check(`${title}: ${name} refuses another signature`, (await claimsIn(verify, spoiled(token))) === null)
  }
  return {
    title,
    contestants: Object.entries(verifiers).map(([name, verify]) => {
      let turn = 0
      const next = (): unknown => verify(tokens[turn++ % TOKENS] ?? '')
      return name === 'jose' ? asyncContestant(name, next as () => Promise<unknown>) : contestant(name, next)
    }),
  }
}

async function signing(algorithm: JwtAlgorithm, keys: Keys, check: Check): Promise<Contest> {
  const iat = Math.floor(Date.now() / 1000)
  const { sk, iat: _, exp, ...fields } = claimsOf(0, iat)
  const signFast = createSigner({ key: pem(keys.sign) ?? SECRET, algorithm })
  const signers: Readonly<Record<string, () => string | Promise<string>>> = {
    'django-session-bridge': () => {
      const named = new Map<string, unknown>(Object.entries(fields))
      const claims = formatClaims({ sessionField: 'sk', sessionKey: sk, iat, exp, fields: named, extra: null })
      return signJws(claims, algorithm, keys.sign)
    },
    'by hand': () => signByHand({ sk, iat, exp, ...fields }, algorithm, keys.sign),
    'fast-jwt': () => signFast({ sk, iat, exp, ...fields }),
    jsonwebtoken: () => jsonwebtoken.sign({ sk, iat, exp, ...fields }, keys.sign, { algorithm }),
    jose: () => new SignJWT({ sk, iat, exp, ...fields }).setProtectedHeader({ alg: algorithm }).sign(keys.sign),
  }
  const title = `${algorithm} sign`
  for (const [name, sign] of Object.entries(signers)) {
    const claims = verifyByHand(await sign(), algorithm, keys.verify) as { sk?: unknown } | null
    check(`${title}: ${name}`, claims?.sk === sk)
  }
  return {
    title,
    contestants: Object.entries(signers).map(([name, sign]) =>
      name === 'jose' ? asyncContestant(name, sign as () => Promise<string>) : contestant(name, sign),
    ),
  }
}

/** @param now seconds since 1970 */
function claimsOf(visitor: number, now: number) {
  const sk = `k${visitor}`.padEnd(32, 'x')
  return { sk, iat: now, exp: now + 3600, id: visitor, u: `visitor${visitor}`, email: `visitor${visitor}@example.com` }
}

/** What a verifier says of a token; null where it refuses, in whichever way. */
async function claimsIn(verify: (token: string) => unknown, token: string): Promise<{ sk?: unknown } | null> {
  try {
    const answer = (await verify(token)) as { ok?: boolean; claims?: object; payload?: object } | null
    return answer?.ok === false ? null : (answer?.claims ?? answer?.payload ?? answer)
  } catch {
    return null
  }
}

function spoiled(token: string): string {
  const place = token.length - 10
  return token.slice(0, place) + (token[place] === 'A' ? 'B' : 'A') + token.slice(place + 1)
}

/** Null for a secret. */
function pem(key: KeyObject): string | null {
  if (key.type === 'secret') return null
  return key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' }).toString()
}
