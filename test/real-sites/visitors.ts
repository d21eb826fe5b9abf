/** Visitors of a site, and what each side makes of their requests. */
import type { Bridge } from '../../src/bridge.ts'
import type { DjangoContext } from '../../src/context.ts'
import { HOST, type RealSite } from './real-site.ts'

export interface Visitor {
  readonly kind: string
  /** The value of the session cookie; null for none. */
  readonly cookie: string | null
}

/** What the site's own middleware makes of a request, or Node. */
export interface Seen {
  readonly user: { readonly pk: string; readonly fields: Readonly<Record<string, unknown>> } | null
  readonly values: Readonly<Record<string, unknown>>
}

/** One site while it is tried. */
export interface Trial {
  readonly site: RealSite
  readonly bridge: Bridge
  readonly visitors: readonly Visitor[]
  askDjango(visitors: readonly Visitor[]): Promise<readonly Seen[]>
}

export function cookieHeader(bridge: Bridge, cookie: string | null): string | undefined {
  return cookie === null ? undefined : `${bridge.settings.SESSION_COOKIE_NAME}=${cookie}`
}

export function openAs({ site, bridge }: Trial, { cookie }: Visitor): DjangoContext {
  const header = cookieHeader(bridge, cookie)
  const headers = { host: HOST, ...(header !== undefined && { cookie: header }) }
  return bridge.open({ method: 'GET', url: site.path ?? '/', headers, secure: true })
}
