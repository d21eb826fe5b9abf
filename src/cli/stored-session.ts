/** A session key: what is stored under it, and why it opens nothing. */

import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CacheItem } from '../caches/cache.ts'
import { cacheKey } from '../caches/cache-key.ts'
import { sessionCacheOf } from '../settings/cache-setting.ts'
import { CACHE_KEY_PREFIX } from '../stores/cache.ts'
import { CACHED_DB_KEY_PREFIX } from '../stores/cached-copies.ts'
import { fileStoragePath } from '../stores/file-storage-path.ts'
import { SIGNED_COOKIES_SALT } from '../stores/signed-cookies.ts'
import { explainItem } from './cached-bytes.ts'
import { Explanation } from './explanation.ts'
import { explainSigned } from './signed-text.ts'
import type { Site } from './site.ts'
import { hasRows, keyIsProven, rowOf, tableName } from './stored-rows.ts'

/** Keys under which Django's engines keep sessions in caches. */
export const CACHED_UNDER: readonly [cache: string, cachedDb: string] = [CACHE_KEY_PREFIX, CACHED_DB_KEY_PREFIX]

/** @throws StoreUnavailable */
export async function explainKey(key: string, site: Site): Promise<Explanation[]> {
  const explanation = new Explanation('a plain session key')
  const { settings } = site
  if (settings.DJANGO_SESSION_JWT !== null) {
    explanation.refuse(
      'plain_instead_of_jwt',
      'these settings ask for a JWT in the cookie, and this is a bare session key',
    )
  }
  if (settings.SESSION_ENGINE === SIGNED_COOKIES_SALT) {
    explanation.refuse('unknown_session', 'SESSION_ENGINE is signed_cookies, whose cookies hold the whole session')
  }
  return [explanation, ...(await explainStored(key, site))]
}

/** What is stored under a key, wherever the engine keeps it. @throws StoreUnavailable */
export async function explainStored(key: string, site: Site): Promise<Explanation[]> {
  if (hasRows(site)) return [await explainRow(key, site)]
  if (site.settings.SESSION_ENGINE.endsWith('.file')) return [await explainFile(key, site)]
  if (site.settings.SESSION_ENGINE.endsWith('.cache')) return [await explainCached(key, site)]
  return []
}

async function explainRow(key: string, site: Site): Promise<Explanation> {
  const row = await rowOf(key, site)
  if (row === null) {
    const table = tableName(site)
    return new Explanation(`a row of ${table}`).refuse(
      'unknown_session',
      `no row of ${table} has this key: logged out, or cleared`,
    )
  }
  const explanation = await explainSigned(row.text, site, { keyIsProven: () => keyIsProven(site) })
  const { expires } = row
  explanation.note('expires', expires?.toISOString() ?? 'at no moment that can be read')
  const seconds = Math.floor((site.now().getTime() - (expires?.getTime() ?? 0)) / 1000)
  if (seconds >= 0) explanation.refuse('expired', `its expire_date passed ${seconds} s ago`)
  return explanation
}

async function explainFile(key: string, site: Site): Promise<Explanation> {
  const { SESSION_FILE_PATH, SESSION_COOKIE_NAME } = site.settings
  const folder = fileStoragePath(SESSION_FILE_PATH)
  const text = /^[a-z0-9]+$/.test(key) ? readText(join(folder, SESSION_COOKIE_NAME + key)) : null
  if (text !== null) return explainSigned(text, site, { keyIsProven: async () => null })
  const message = 'SESSION_FILE_PATH has no file of SESSION_COOKIE_NAME and this key: logged out, or cleared'
  return new Explanation('a file of sessions').refuse('unknown_session', message)
}

/** Null of what is no regular file, too: it could be a FIFO, which nobody writes to. */
function readText(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'latin1') : null
}

async function explainCached(key: string, site: Site): Promise<Explanation> {
  const { cache, keyOf, codec } = await site.cache()
  const own = keyOf((site.options.sessionCacheKeyPrefix ?? CACHE_KEY_PREFIX) + key)
  const item = own === null ? null : await cache.get(own, site.deadline())
  if (item !== null) return explainItem(item, codec)
  const elsewhere = await findElsewhere(key, site)
  if (elsewhere === null) {
    const message = 'the cache has no such entry: logged out, expired, or thrown out by the cache'
    return new Explanation('an entry of the cache').refuse('unknown_session', message)
  }
  return explainItem(elsewhere.item, codec)
    .note('found as', elsewhere.place)
    .refuse(
      'wrong_prefix',
      `it lies in the cache under ${elsewhere.place}; these settings look under ${elsewhere.expected}`,
    )
}

interface Elsewhere {
  readonly item: CacheItem
  /** The key without the session's own. */
  readonly place: string
  readonly expected: string
}

/** Looks for the session under other prefixes and versions than the settings name. */
async function findElsewhere(key: string, site: Site): Promise<Elsewhere | null> {
  const { cache, keyOf } = await site.cache()
  const masked = (place: string): string => place.replace(key, '<session key>')
  const expected = masked(keyOf((site.options.sessionCacheKeyPrefix ?? CACHE_KEY_PREFIX) + key) ?? '')
  const listed = (await cache.find?.(key, 5, site.deadline())) ?? []
  for (const place of [...listed, ...guesses(key, site)]) {
    const item = await cache.get(place, site.deadline())
    if (item !== null) return { item, place: masked(place), expected }
  }
  return null
}

function guesses(key: string, { settings }: Site): string[] {
  const { keyPrefix = '' } = sessionCacheOf(settings) ?? {}
  const prefixes = new Set(['', keyPrefix])
  return Array.from(prefixes).flatMap((prefix) =>
    [1, 2, 3].flatMap((version) =>
      CACHED_UNDER.map((kind) => cacheKey({ keyPrefix: prefix, version, keyFunction: null })(kind + key)),
    ),
  )
}
