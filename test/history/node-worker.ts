/**
 * Requests of browsers, answered through a bridge, many at a time: one JSON line each, as python-fixtures/
 * history_worker.py does. `plant` makes the database's driver misbehave, to see that the checker sees it.
 */
import { createInterface } from 'node:readline'
import { sessionAuthHash } from '../../src/auth/session-hash.ts'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import type { Session } from '../../src/session/session.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { MARKING, type Reply, type Request, type State } from './event.ts'
import { type Plant, plantedClients } from './plants.ts'
import type { StoreFault } from './store-faults.ts'

export interface WorkerOptions {
  readonly databaseUrl: string
  readonly secretKey: string
  readonly fallbackKey: string
  readonly password: string
  readonly plant: Plant | null
  readonly settings: Partial<DjangoSettings>
  /** A fault in the library itself, which faulty-worker.ts plants. */
  readonly fault?: StoreFault
}

type Stamp = Pick<Reply, 'on'>

/** The most that a handler waits between reading and writing, so that others get between. */
const THINKING_MS = 5

function stateOf(session: Session): State | null {
  const origin = session.get('origin')
  if (typeof origin !== 'number') return null
  const marks = Array.from(session).filter(([name]) => name.startsWith('mark '))
  return {
    origin,
    by: Number(session.get('by')),
    marks: Object.fromEntries(marks.map(([name, value]) => [name.slice(5), value])) as State['marks'],
  }
}

async function handle(session: Session, asked: Request, stamp: Stamp, options: WorkerOptions): Promise<void> {
  if (asked.operation === 'count') session.transform('visits', (count) => (typeof count === 'number' ? count : 0) + 1)
  if (!MARKING.includes(asked.operation)) return
  if (!session.has('origin')) session.set('origin', asked.id)
  session.set(`mark ${asked.tab}`, [asked.browser, asked.id])
  session.transform('by', (by) => {
    Object.assign(stamp, { on: typeof by === 'number' ? by : null })
    return asked.id
  })
  if (asked.operation === 'login') {
    session.update({
      _auth_user_id: '1',
      _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
      _auth_user_hash: sessionAuthHash(options.password, options.fallbackKey),
    })
  }
  if (asked.operation !== 'write') await session.cycleKey()
}

async function answer(bridge: Bridge, asked: Request, options: WorkerOptions): Promise<Reply> {
  const headers = asked.cookie === null ? {} : { cookie: `sessionid=${asked.cookie}` }
  const django = bridge.open({ method: 'GET', url: '/', headers, secure: false })
  const stamp: Stamp = {}
  let seen: State | null = null
  try {
    const session = await django.session()
    seen = stateOf(session)
    await new Promise((resume) => setTimeout(resume, Math.random() * THINKING_MS))
    if (asked.operation === 'logout') await session.flush()
    if (asked.operation === 'touch') session.modified = true
    if (asked.operation === 'authenticate') await django.user()
    await handle(session, asked, stamp, options)
    const { cookies } = await django.finish(200)
    return { id: asked.id, outcome: 'ok', seen, sent: cookies[0]?.value ?? null, ...stamp }
  } catch (error) {
    const { code, reason } = error as { code?: unknown; reason?: unknown }
    const outcome = code === 'session_interrupted' ? 'interrupted' : 'failed'
    if (outcome === 'failed' && code !== 'store_unavailable') console.error(error)
    return { id: asked.id, outcome, seen, sent: null, error: [code, reason].join(' ').trim(), ...stamp }
  }
}

const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions
const bridge = createBridge(
  {
    SECRET_KEY: options.secretKey,
    SECRET_KEY_FALLBACKS: [options.fallbackKey],
    DEBUG: true,
    DATABASES: { default: options.databaseUrl },
    ...options.settings,
  },
  { ...(options.plant !== null && { clients: plantedClients(options.plant, options.databaseUrl) }) },
)
process.stdout.write('{"ready":true}\n')
for await (const line of createInterface({ input: process.stdin })) {
  void answer(bridge, JSON.parse(line) as Request, options).then((reply) => {
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  })
}
await bridge.close()
