/** A small site for tests: a bridge on SQLite in memory, users, and requests whose cookies are kept as a browser does. */
import type { DatabaseSync } from 'node:sqlite'
import { sessionAuthHash } from '../src/auth/session-hash.ts'
import { type Bridge, type BridgeParts, createBridge } from '../src/bridge.ts'
import type { DjangoContext, ResponseChanges, SuspiciousEvent } from '../src/context.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'
import { sqliteFixture } from './contracts/database-fixtures.ts'

export const SECRET_KEY = 'a secret of the site that is long enough'
export const PASSWORD = 'pbkdf2_sha256$1000000$salt$hash'

export interface Site {
  readonly bridge: Bridge
  readonly client: DatabaseSync
  readonly reports: SuspiciousEvent[]
  advance(seconds: number): void
  rows(): { session_key: string; session_data: string; expire_date: string }[]
  /** Opens a request with this Cookie header. */
  open(cookie?: string, request?: { method?: string; url?: string; headers?: Record<string, string> }): DjangoContext
  /** Stores a session as somebody else would; returns its key. */
  store(values: Record<string, unknown>): Promise<string>
  close(): Promise<void>
}

export async function makeSite(settings: Partial<DjangoSettings> = {}, parts: BridgeParts = {}): Promise<Site> {
  const { client } = await sqliteFixture()
  client.exec(`INSERT INTO auth_user VALUES (7, '${PASSWORD}', NULL, 0, 'ada', 'Lovelace', 'ada@example.com', 1, 1, '2026-01-01 00:00:00', 'Ada'),
    (8, '${PASSWORD}', NULL, 0, 'gone', '', '', 0, 0, '2026-01-01 00:00:00', '')`)
  let milliseconds = Date.UTC(2026, 0, 15, 12)
  const reports: SuspiciousEvent[] = []
  const make = (hooks: BridgeParts['hooks'] = {}, more: Partial<DjangoSettings> = {}): Bridge =>
    createBridge(
      { SECRET_KEY, DEBUG: true, ...settings, ...more },
      {
        ...parts,
        clients: { databases: { default: client } },
        hooks: { now: () => new Date(milliseconds), onSuspicious: (event) => reports.push(event), ...hooks },
      },
    )
  const bridge = make(parts.hooks)
  const open: Site['open'] = (cookie, { method = 'GET', url = '/', headers = {} } = {}) =>
    bridge.open({ method, url, headers: { ...headers, ...(cookie !== undefined && { cookie }) }, secure: false })
  return {
    bridge,
    client,
    reports,
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    rows: () => client.prepare('SELECT * FROM django_session ORDER BY session_key').all() as never,
    open,
    async store(values) {
      const plain = make({}, { MIDDLEWARE: [], DJANGO_SESSION_JWT: undefined })
      const session = await plain.open({ method: 'GET', url: '/', headers: {}, secure: false }).session()
      session.update(values)
      await session.save()
      return session.sessionKey ?? ''
    },
    close: async () => {
      await bridge.close()
      client.close()
    },
  }
}

/** The three values that a login leaves in a session. */
export function loginValues(id = '7', key: string = SECRET_KEY): Record<string, unknown> {
  return {
    _auth_user_id: id,
    _auth_user_backend: 'django.contrib.auth.backends.ModelBackend',
    _auth_user_hash: sessionAuthHash(PASSWORD, key),
  }
}

/** The value of the cookie that a response sets; null for none, '' for a deletion. */
export function sentCookie(changes: ResponseChanges): string | null {
  return changes.cookies[0]?.value ?? null
}
