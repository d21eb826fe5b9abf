/** A browser of the soak: chooses what to do next, and knows what every answer must be. */
import { type Agent, type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Random } from '../test/seeded-random.ts'
import type { SoakAnswer } from './soak-server.ts'

export interface Visitor {
  /** One request. @returns what was wrong with the answer, or null */
  act(): Promise<string | null>
}

/** How often each is done, of a hundred. */
const MIX = { anonymous: 15, read: 30, write: 22, cart: 12, login: 6, logout: 5, bad: 10 }

const NOBODY: SoakAnswer = { visits: 0, cart: 0, user: null }
const MOST_ITEMS = 20

export function newVisitor(port: number, agent: Agent, random: Random): Visitor {
  let cookie: string | null = null
  let state = NOBODY
  /** Keys that a login or a logout has ended. */
  let ended = 'e'.repeat(32)

  const badCookies = (): string[] => [
    'x',
    '',
    '"quoted\\073"',
    'k'.repeat(32),
    'k'.repeat(300),
    'with space',
    `${ended.slice(0, -1)}!`,
    ended,
    'eyJhbGciOiJub25lIn0.e30.',
  ]

  async function visit(page: string, sent: string | null): Promise<{ answer: SoakAnswer; setCookie: string | null }> {
    const headers = sent === null ? {} : { cookie: `sessionid=${sent}` }
    const { body, headers: received } = await get({ port, agent, path: `/${page}`, headers })
    return { answer: JSON.parse(body) as SoakAnswer, setCookie: sessionCookie(received) }
  }

  async function own(page: string, expected: SoakAnswer): Promise<string | null> {
    const before = cookie
    const { answer, setCookie } = await visit(page, cookie)
    if (setCookie !== null) cookie = setCookie === '' ? null : setCookie
    if (before !== null && cookie !== before) ended = before
    state = expected
    return difference(page, expected, answer)
  }

  const actions: Record<keyof typeof MIX, () => Promise<string | null>> = {
    anonymous: async () => difference('anonymous', NOBODY, (await visit('read', null)).answer),
    bad: async () => {
      const bad = badCookies()
      const { answer } = await visit('read', bad[Math.floor(random() * bad.length)] ?? '')
      return difference('bad cookie', NOBODY, answer)
    },
    read: () => own('read', state),
    write: () => own('write', { ...state, visits: state.visits + 1 }),
    cart: () => own('cart', { ...state, cart: Math.min(state.cart + 1, MOST_ITEMS) }),
    login: () => own('login', { ...state, user: 'ada' }),
    logout: () => own('logout', NOBODY),
  }

  return {
    act() {
      let place = random() * 100
      for (const [name, share] of Object.entries(MIX)) {
        place -= share
        if (place < 0) return actions[name as keyof typeof MIX]()
      }
      return actions.read()
    },
  }
}

function difference(page: string, expected: SoakAnswer, answer: SoakAnswer): string | null {
  const [wanted, got] = [JSON.stringify(expected), JSON.stringify(answer)]
  return wanted === got ? null : `${page}: expected ${wanted}, got ${got}`
}

interface Target {
  readonly port: number
  readonly agent: Agent
  readonly path: string
  readonly headers: Record<string, string>
}

async function get(target: Target): Promise<{ body: string; headers: IncomingHttpHeaders }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ body: string; headers: IncomingHttpHeaders }>()
  const sent = request({ host: '127.0.0.1', ...target }, async (response) => {
    const body = await text(response).catch(reject)
    if (response.statusCode === 200) resolve({ body: body ?? '', headers: response.headers })
    else reject(new Error(`${target.path}: status ${response.statusCode}`))
  })
  sent.on('error', reject)
  sent.end()
  return promise
}

/** The value that a response sets; '' when it deletes the cookie, null when it leaves it. */
function sessionCookie(headers: IncomingHttpHeaders): string | null {
  const line = headers['set-cookie']?.find((set) => set.startsWith('sessionid='))
  const value = line?.slice('sessionid='.length).split(';')[0]
  return value === undefined ? null : value === '""' ? '' : value
}
