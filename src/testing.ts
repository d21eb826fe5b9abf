/**
 * The entry `django-session-bridge/testing`: sessions for a site's own tests, without Django and without a server.
 *
 *     await using site = await testSession({ user: { username: 'ada' }, data: { cart: ['tea'] } })
 *     const response = await fetch(url, { headers: { cookie: site.cookie } }) // of an app that was given site.bridge
 *     await site.stored() // { _auth_user_id: '1', …, cart: ['tea', 'nails'] }
 */
import './node-version.ts'
import { randomBytes, randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { DjangoSessionData, DjangoUserFields } from './augmentations.ts'
import { sessionAuthHash } from './auth/session-hash.ts'
import type { UserTable } from './auth/user-table.ts'
import { type DjangoUser, publicUser, type UserRow, usersFromTable } from './auth/users.ts'
import { type Bridge, type BridgeHooks, type BridgeOptions, createBridge } from './bridge.ts'
import { hasUser, type MemoryUserTable, openMemoryDatabase, writeUser } from './databases/memory-database.ts'
import { sqlite } from './databases/sqlite.ts'
import { loadWallClock, type WallClock } from './databases/wall-clock.ts'
import type { Session } from './session/session.ts'
import { loginHashes } from './settings/django-version.ts'
import { checkSettings, type DjangoSettings, type Settings } from './settings/settings.ts'

/** The columns of a user's row. Those of Django that are left out get the values of a user just created. */
export type TestUser = Partial<DjangoUserFields> & {
  /** The primary key: a number, a UUID or other text, of one kind for all users of a site. Default 1, 2, 3 … */
  readonly pk?: number | string
  readonly username?: string
  /** The column as Django stores it (`pbkdf2_sha256$…`); by default one that no password fits. */
  readonly password?: string
  /** False: blocked since the login. */
  readonly is_active?: boolean
  readonly [column: string]: unknown
}

/** A browser, as the site knows it. */
export interface TestVisitor {
  /** Who is logged in; by default nobody. A user who is there already is named by `pk`. */
  readonly user?: TestUser
  /** The session's values beside those of the login. */
  readonly data?: Partial<DjangoSessionData> & Readonly<Record<string, unknown>>
}

export interface TestSiteOptions extends TestVisitor {
  /** Those of the site that matter to its handlers. SECRET_KEY and DEBUG need not be given; DATABASES is not used. */
  readonly settings?: Partial<DjangoSettings>
  /** As for `createBridge`; users come from the database in memory. */
  readonly hooks?: Omit<BridgeHooks, 'loadUser'>
  /** As for `createBridge`; tables have Django's own names. */
  readonly options?: Omit<BridgeOptions, 'sessionTable'>
}

/** The values of a session, those of the login included. */
export type StoredValues = Partial<DjangoSessionData> & Readonly<Record<string, unknown>>

export interface TestSession {
  /** The Cookie header, `sessionid=…`; empty for a visitor without user and data, who has no session yet. */
  readonly cookie: string
  readonly user: DjangoUser | null
  /**
   * What is stored in this session now; null when it is gone, after a logout for example.
   * @param cookie another Cookie header, or the Set-Cookie lines of a response that began or renewed a session
   */
  stored(cookie?: string | readonly string[]): Promise<StoredValues | null>
}

/** A site, and the first session on it. */
export interface TestSite extends TestSession, AsyncDisposable {
  /** For the app under test, in place of the one it makes itself. */
  readonly bridge: Bridge
  /** Another browser on the same site. */
  session(visitor?: TestVisitor): Promise<TestSession>
  /** Ends the bridge and its database; `await using` does it by itself. */
  close(): Promise<void>
}

/**
 * Makes a site with one session on a database in memory: rows as Django writes them at a login, and the cookie that
 * it sends – a JWT where DJANGO_SESSION_JWT is among the settings.
 * @throws SettingsError; TypeError for a `user` that no row can hold; KeyRequired for a JWT cookie without a private
 * key; SerializationError for `data` that JSON cannot hold
 */
export async function testSession({ user, data, ...site }: TestSiteOptions = {}): Promise<TestSite> {
  const opened = await openSite(site, user?.pk)
  const close = (): Promise<void> => closeSite(opened)
  const session = (visitor: TestVisitor = {}): Promise<TestSession> => openSession(opened, visitor)
  try {
    const first = await session({ ...(user && { user }), ...(data && { data }) })
    return { ...first, bridge: opened.bridge, session, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

const DEADLINE_MS = 2000
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface OpenSite {
  readonly client: DatabaseSync
  readonly table: MemoryUserTable
  readonly userTable: UserTable
  readonly wallClock: WallClock
  readonly now: () => Date
  readonly settings: Settings
  readonly hooks: BridgeHooks
  readonly bridge: Bridge
  /** The half that logs in, as Django would: no veto, no reports. */
  readonly django: Bridge
}

async function openSite(
  { settings: given = {}, hooks: withLoadUser = {}, options = {} }: TestSiteOptions,
  firstKey: TestUser['pk'],
): Promise<OpenSite> {
  const all = {
    DEBUG: true,
    ...given,
    SECRET_KEY: given.SECRET_KEY ?? randomBytes(32).toString('base64'),
    DATABASES: {},
  }
  const { loadUser: _, ...hooks }: BridgeHooks = withLoadUser
  const settings = checkSettings(all)
  const wallClock = await loadWallClock(settings)
  const table: MemoryUserTable = {
    name: settings.AUTH_USER_MODEL.replace('.', '_').toLowerCase(),
    primaryKey: options.userTable?.primaryKey ?? 'id',
    keyType: keyType(firstKey),
  }
  const client = openMemoryDatabase(table)
  const userTable = { ...options.userTable, name: table.name }
  const make = (own: BridgeHooks): Bridge =>
    createBridge(all, {
      clients: { databases: { default: client } },
      hooks: own,
      // Tables of its own, which Python has no say in.
      options: { ...options, sessionTable: {}, userTable, unclear: [] },
    })
  const { veto: _veto, onSuspicious: _onSuspicious, ...shared } = hooks
  const bridge = make(hooks)
  const django = make({ ...shared, onWarning: () => undefined })
  const now = hooks.now ?? (() => new Date())
  return { client, table, userTable, wallClock, now, settings, hooks, bridge, django }
}

async function closeSite({ bridge, django, client }: OpenSite): Promise<void> {
  await Promise.all([bridge.close(), django.close()])
  if (client.isOpen) client.close()
}

async function openSession(site: OpenSite, { user: columns, data }: TestVisitor): Promise<TestSession> {
  const request = site.django.open({ method: 'POST', url: '/', headers: {}, secure: false })
  const session = await request.session()
  // A user who is blocked was not yet when they logged in.
  const pk = columns === undefined ? null : saveUser(site, { ...columns, is_active: true })
  if (pk !== null) logIn(site, session, pk, await userRow(site, pk))
  session.update(data ?? {})
  const [cookie] = (await request.finish(200)).cookies
  if (pk !== null && columns?.is_active === false) saveUser(site, { pk, is_active: false })
  const header = cookie === undefined ? '' : `${cookie.name}=${cookie.value}`
  return {
    cookie: header,
    user: pk === null ? null : publicUser(pk, await userRow(site, pk)),
    stored: (other = header) => storedValues(site, other),
  }
}

/** Writes the row; returns the primary key as text. */
function saveUser(site: OpenSite, { pk: given, ...columns }: TestUser): string {
  const { client, table, wallClock } = site
  const { [table.primaryKey]: inColumn, ...others } = columns
  const pk = String(given ?? inColumn ?? unusedKey(site))
  if (table.keyType !== 'text' && keyType(pk) !== table.keyType) {
    throw new TypeError(`The primary keys of a site's users are of one kind; the first was ${table.keyType}.`)
  }
  const isNew = !hasUser(client, table, pk)
  writeUser(client, table, pk, isNew ? { ...newUser(pk, site), ...others } : others, wallClock)
  return pk
}

/** What Django gives a user that is created without a password and then logs in. */
function newUser(pk: string, site: OpenSite): Readonly<Record<string, unknown>> {
  const now = site.now()
  return {
    ...Object.fromEntries((site.userTable.columns ?? []).map((name) => [name, null])),
    // Behind `!` follow 40 random letters. @see django/contrib/auth/hashers.py make_password
    password: `!${randomBytes(20).toString('hex')}`,
    last_login: now,
    is_superuser: false,
    username: `user${pk}`,
    first_name: '',
    last_name: '',
    email: '',
    is_staff: false,
    is_active: true,
    date_joined: now,
  }
}

function unusedKey({ client, table }: OpenSite): string {
  if (table.keyType === 'uuid') return randomUUID()
  for (let key = 1; ; key++) if (!hasUser(client, table, String(key))) return String(key)
}

function keyType(key: unknown): MemoryUserTable['keyType'] {
  if (key === undefined || /^-?\d{1,18}$/.test(String(key))) return 'integer'
  return UUID.test(String(key)) ? 'uuid' : 'text'
}

/** @see django/contrib/auth/__init__.py login */
function logIn({ settings, hooks }: OpenSite, session: Session, pk: string, row: UserRow): void {
  const { SECRET_KEY, AUTHENTICATION_BACKENDS } = settings
  const [algorithm = 'sha256'] = loginHashes(settings.DJANGO_VERSION, settings.DEFAULT_HASHING_ALGORITHM)
  session.update({
    _auth_user_id: pk,
    _auth_user_backend: AUTHENTICATION_BACKENDS[0],
    _auth_user_hash:
      hooks.sessionAuthHash?.(row, SECRET_KEY) ?? sessionAuthHash(row.password, SECRET_KEY, { algorithm }),
  })
}

async function userRow({ client, wallClock, settings, userTable }: OpenSite, pk: string): Promise<UserRow> {
  const database = sqlite({ path: '', wallClock, client })
  const row = await usersFromTable(database, settings.AUTH_USER_MODEL, userTable, DEADLINE_MS).load(pk)
  if (row === null || row.pk !== pk)
    throw new TypeError('The primary key of `user` is not one that Django would write.')
  return row
}

async function storedValues({ django }: OpenSite, cookie: string | readonly string[]): Promise<StoredValues | null> {
  const request = django.open({ method: 'GET', url: '/', headers: { cookie }, secure: false })
  const session = await request.session()
  return session.sessionKey === null ? null : Object.fromEntries(await session.load())
}
