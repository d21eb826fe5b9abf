/** The column `session_data`, read and written: this library, by hand, and Django itself timing itself. */
import { createSessionCodec, type SessionCodec, sessionOf, sessionValues } from 'django-session-bridge/session-data'
import type { Encoded, NewValue } from '../src/serializers/serializer.ts'
import { type Oracle, startOracle } from '../test/interop/oracle.ts'
import { decodeByHand, encodeByHand, sessionKeyByHand } from './by-hand.ts'
import type { BenchGroup } from './groups.ts'
import { type Contest, type Contestant, contestant } from './rounds.ts'

const SECRET_KEY = 'a secret of the site that is long enough'

export const sessionGroup: BenchGroup = async ({ check, skip, defer }) => {
  const python = process.env.BRIDGE_PYTHON_5_2
  if (!python) skip('Django itself', process.env.BRIDGE_PYTHON_5_2_MISSING ?? 'BRIDGE_PYTHON_5_2 is not set')
  const oracle = python ? startOracle(python) : null
  defer(() => oracle?.stop())
  const contests: Contest[] = []
  for (const [size, values] of Object.entries(sessionsBySize())) {
    contests.push(...(await ofSize(size, values, oracle, check)))
  }
  return contests
}

async function ofSize(
  size: string,
  values: Readonly<Record<string, unknown>>,
  oracle: Oracle | null,
  check: Parameters<BenchGroup>[0]['check'],
): Promise<Contest[]> {
  const codec = createSessionCodec({ SECRET_KEY })
  const byHand = sessionKeyByHand(SECRET_KEY)
  const text = codec.encode(sessionOf(Object.entries(values)))
  const json = JSON.stringify(values)
  const allValues = (): unknown => Object.fromEntries(sessionValues(decoded(codec, text)))
  const changed = (): string => {
    const data = new Map<string, Encoded | NewValue>(decoded(codec, text))
    return codec.encode(data.set('visits', { value: 2 }))
  }

  check(`${size}: by hand reads ours`, JSON.stringify(decodeByHand(text, byHand)) === json)
  check(`${size}: by hand refuses another signature`, decodeByHand(`${text}x`, byHand) === null)
  check(`${size}: we read what is written by hand`, 'data' in codec.decode(encodeByHand(values, byHand)))
  check(`${size}: we refuse another signature`, 'reason' in codec.decode(`${text}x`))
  check(`${size}: we hand out every value`, JSON.stringify(allValues()) === json)
  check(`${size}: we change a value`, JSON.stringify(decodeByHand(changed(), byHand)).endsWith('"visits":2}'))
  if (oracle !== null) {
    const settings = { SECRET_KEY }
    const read = await oracle.ask<{ session: string }>({ op: 'session_decode', session_data: text, settings })
    check(`${size}: Django reads ours`, JSON.stringify(read).length > json.length)
  }

  const changedByHand = (): string => encodeByHand({ ...(decodeByHand(text, byHand) as object), visits: 2 }, byHand)
  return [
    {
      title: `session decode, ${size}`,
      contestants: [
        contestant('django-session-bridge', () => codec.decode(text)),
        contestant('the same, every value handed out', allValues),
        contestant('by hand', () => decodeByHand(text, byHand)),
        ...django(oracle, 'time_session_decode', text),
      ],
    },
    {
      title: `session encode, ${size}`,
      contestants: [
        contestant('django-session-bridge', () => codec.encode(sessionOf(Object.entries(values)))),
        contestant('by hand', () => encodeByHand(values, byHand)),
        ...django(oracle, 'time_session_encode', text),
      ],
    },
    {
      title: `session decode, change a value, encode, ${size}`,
      contestants: [contestant('django-session-bridge', changed), contestant('by hand', changedByHand)],
    },
  ]
}

function decoded(codec: SessionCodec, text: string) {
  const answer = codec.decode(text)
  if (!('data' in answer)) throw new Error(`The session cannot be read: ${answer.reason}.`)
  return answer.data
}

function django(oracle: Oracle | null, op: string, text: string): Contestant[] {
  if (oracle === null) return []
  const settings = { SECRET_KEY }
  return [{ name: 'Django', measure: (runs) => oracle.ask<number>({ op, session_data: text, runs, settings }) }]
}

/** By the bytes of their JSON: a login alone, a cart, and far more than a site should keep. */
export function sessionsBySize(): Record<string, Record<string, unknown>> {
  const login = {
    _auth_user_id: '7',
    _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
    _auth_user_hash: '4ab7c0d92e9c1c62'.repeat(4),
  }
  return { '171 B': login, '8 kB': { ...login, cart: cart(8_000) }, '200 kB': { ...login, cart: cart(200_000) } }
}

function cart(bytes: number): object[] {
  const items: object[] = []
  for (let length = 0; length < bytes; ) {
    const number = items.length + 1
    const item = {
      sku: `SKU-${(number * 7919) % 100_003}`,
      name: `Product number ${(number * 104_729) % 9973}, in blue`,
      count: number % 5,
      price: number * 1.25 + 0.1,
      tags: ['new', `shelf ${number % 17}`],
    }
    items.push(item)
    length += JSON.stringify(item).length + 1
  }
  return items
}
