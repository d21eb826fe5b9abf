/** The cache beside the settings: under which keys its sessions lie, and whether their values can be read. */
import type { CacheItem } from '../caches/cache.ts'
import { explainItem } from './cached-bytes.ts'
import type { Explanation } from './explanation.ts'
import type { Site } from './site.ts'
import { CACHED_UNDER } from './stored-session.ts'

const ANY_SESSION = 'django.contrib.sessions.cache'
const MOST_KEYS = 20

function hasCache({ settings }: Site): boolean {
  return /\.(cache|cached_db)$/.test(settings.SESSION_ENGINE)
}

/** What Django puts before a session key. */
function kindOf({ settings, options }: Site): string {
  const [cache, cachedDb] = CACHED_UNDER
  if (options.sessionCacheKeyPrefix !== undefined) return options.sessionCacheKeyPrefix
  return settings.SESSION_ENGINE.endsWith('.cached_db') ? cachedDb : cache
}

export async function checkCacheKeys(site: Site, explanation: Explanation): Promise<void> {
  if (!hasCache(site)) return
  const { cache, keyOf } = await site.cache()
  await cache.check(site.deadline())
  if (cache.find === undefined) {
    explanation.note('cache', 'it cannot list its keys; --session with a key that Django has just written tells more')
    return
  }
  const expected = keyOf(kindOf(site)) ?? ''
  const keys = await cache.find(ANY_SESSION, MOST_KEYS, site.deadline())
  const ours = (await cache.find(expected, MOST_KEYS, site.deadline())).filter((key) => key.startsWith(expected))
  explanation.note('cache', `${ours.length === 0 ? 'no session' : 'sessions'} under ${expected}`)
  const [other] = keys.filter((key) => !key.startsWith(expected))
  if (ours.length > 0 || other === undefined) return
  const prefix = other.slice(0, other.lastIndexOf('.') + 1) + (other.includes('cached_db') ? 'cached_db' : 'cache')
  explanation.refuse(
    'wrong_prefix',
    `sessions lie in the cache under ${prefix}, and these settings look under ${expected}`,
  )
}

export async function checkCacheValues(site: Site, explanation: Explanation): Promise<void> {
  if (!hasCache(site)) return
  const { cache, codec, keyOf } = await site.cache()
  const expected = keyOf(kindOf(site)) ?? ''
  const keys = (await cache.find?.(expected, MOST_KEYS, site.deadline())) ?? []
  const items: CacheItem[] = []
  for (const key of keys) {
    const item = await cache.get(key, site.deadline())
    if (item !== null) items.push(item)
  }
  const told = items.map((item) => explainItem(item, codec))
  const refused = told.find(({ refusal }) => refusal !== null)
  if (items.length === 0) return
  if (refused?.refusal && told.every(({ refusal }) => refusal !== null)) {
    const { cause, message } = refused.refusal
    explanation.refuse(cause, `none of ${items.length} cached sessions can be read: ${message}`)
  } else
    explanation.note(
      'values',
      `${told.filter(({ refusal }) => refusal === null).length} of ${items.length} can be read`,
    )
}
