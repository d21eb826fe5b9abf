/**
 * A process that a test looks at from outside: `node test/unheard-victim.ts NAME` does one thing with promises that
 * nobody awaits, and says `goes on` when it has outlived it.
 */
import { type BridgeHooks, type BridgeParts, createBridge } from '../src/bridge.ts'
import type { DjangoContext } from '../src/context.ts'
import { openMemoryDatabase } from '../src/databases/memory-database.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'

const SECRET_KEY = 'a secret of the site that is long enough'
const REFUSED = 'a hook of the site that failed'
const later = async (): Promise<never> => {
  await new Promise((resolve) => setTimeout(resolve, 1))
  throw new Error(REFUSED)
}

interface Given extends BridgeParts {
  readonly settings?: Partial<DjangoSettings>
}

function site({ settings = {}, ...parts }: Given = {}) {
  const client = openMemoryDatabase()
  const clients = { databases: { default: client } }
  return { client, bridge: createBridge({ SECRET_KEY, DEBUG: true, ...settings }, { clients, ...parts }) }
}

function open({ bridge }: ReturnType<typeof site>, cookie?: string): DjangoContext {
  const headers = cookie === undefined ? {} : { cookie }
  return bridge.open({ method: 'GET', url: '/', headers, secure: false })
}

/** A visitor with a cookie that is reported, whose handler opens the session. */
async function badCookie(hooks: BridgeHooks): Promise<void> {
  const django = open(site({ hooks }), 'sessionid=unknownunknownunknownunknown0000')
  await django.session()
  await django.finish(200)
}

/** The handler awaits nothing, and the database is gone. */
async function withoutDatabase(handle: (django: DjangoContext) => unknown): Promise<void> {
  const lost = site()
  const django = open(lost, 'sessionid=abcdefghijklmnopqrstuvwxyz012345')
  lost.client.close()
  handle(django)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await Promise.resolve(django.finish(200)).catch(() => undefined)
}

/** The handler awaits nothing of a session that is open, and the database is gone. */
async function onOpenSession(act: (session: Awaited<ReturnType<DjangoContext['session']>>) => unknown): Promise<void> {
  const lost = site()
  const stored = await open(lost).session()
  await stored.set('a', 1).save()
  const django = open(lost, `sessionid=${stored.sessionKey}`)
  const session = await django.session()
  session.set('b', 2)
  lost.client.close()
  act(session)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await Promise.resolve(django.finish(200)).catch(() => undefined)
}

/** What a programmer passed is asynchronous, and fails. */
async function failing(parts: Given, values: Readonly<Record<string, unknown>> = { a: 1 }): Promise<void> {
  const good = site()
  const stored = await open(good).session()
  stored.update(values)
  await stored.save()
  const bridge = createBridge(
    { SECRET_KEY, DEBUG: true, ...parts.settings },
    { clients: { databases: { default: good.client } }, ...parts },
  )
  const django = open({ ...good, bridge }, `sessionid=${stored.sessionKey}`)
  const asking = async () => {
    const session = await django.session()
    await django.user()
    session.set('b', 2)
  }
  await asking().catch(tell)
  await Promise.resolve(django.finish(200)).catch(tell)
}

function tell(error: unknown): void {
  console.log(String(error))
}

const LOGIN = {
  _auth_user_id: '7',
  _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
  _auth_user_hash: 'f'.repeat(64),
}
const asyncLoader = async () => ({ password: '', is_active: true })

const CASES: Readonly<Record<string, () => Promise<unknown>>> = {
  'onSuspicious rejects': () => badCookie({ onSuspicious: later }),
  'onWarning rejects': () => badCookie({ onWarning: later }),
  'onWarning rejects as the bridge is made': async () =>
    site({ settings: { DEBUG: false }, hooks: { onWarning: later } }),
  'onSuspicious returns a thenable that throws': () =>
    badCookie({
      onSuspicious: () => ({
        // biome-ignore lint/suspicious/noThenProperty: this is what is tried
        get then(): never {
          throw new Error(REFUSED)
        },
      }),
    }),
  'session() is not awaited': () => withoutDatabase((django) => django.session()),
  'user() is not awaited': () => withoutDatabase((django) => django.user()),
  'auth() is not awaited': () => withoutDatabase((django) => django.auth()),
  'save() is not awaited': () => onOpenSession((session) => session.save()),
  'flush() is not awaited': () => onOpenSession((session) => session.flush()),
  'cycleKey() is not awaited': () => onOpenSession((session) => session.cycleKey()),
  'create() is not awaited': () => onOpenSession((session) => session.create()),
  'load() is not awaited': () => onOpenSession((session) => session.load()),
  'exists() is not awaited': () => onOpenSession((session) => session.exists('abcdefghijklmnopqrstuvwxyz012345')),
  'deleteStored() is not awaited': () => onOpenSession((session) => session.deleteStored()),
  'flush() after the response is not awaited': async () => {
    const cookies = site({ settings: { SESSION_ENGINE: 'django.contrib.sessions.backends.signed_cookies' } })
    const django = open(cookies)
    const session = await django.session()
    session.set('a', 1)
    await django.finish(200)
    session.flush()
  },
  'sessionAuthHash is asynchronous': () =>
    failing({ hooks: { loadUser: asyncLoader, sessionAuthHash: later as never } }, LOGIN),
  'sessionTable.columns is asynchronous': () => failing({ options: { sessionTable: { columns: later as never } } }),
  'serializer.loads is asynchronous': () =>
    failing({
      settings: { SESSION_SERIALIZER: 'shop.Own' },
      options: { serializer: { loads: later as never, dumps: () => Buffer.from('') } },
    }),
  'serializer.dumps is asynchronous': () =>
    failing({
      settings: { SESSION_SERIALIZER: 'shop.Own' },
      options: { serializer: { loads: () => ({}), dumps: later as never } },
    }),
  'the step of transform() is asynchronous': async () => {
    const django = open(site())
    ;(await django.session()).transform('n', later as never)
    await Promise.resolve(django.finish(200)).catch(tell)
  },
}

const [name = ''] = process.argv.slice(2)
if (name === '--names') console.log(JSON.stringify(Object.keys(CASES)))
else {
  await CASES[name]?.()
  await new Promise((resolve) => setTimeout(resolve, 20))
  console.log('goes on')
}
