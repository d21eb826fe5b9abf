/** The key in the cache. @see django/core/cache/backends/base.py default_key_func, BaseCache.make_key */
import type { CacheSettings, KeyFunction } from '../settings/cache-setting.ts'

/** Django's KEY_FUNCTION where the settings name none. */
export const defaultKeyFunction: KeyFunction = (key, keyPrefix, version) => `${keyPrefix}:${version}:${key}`

/** `KEY_PREFIX:VERSION:key`, or what the site's own function makes of the three. */
export function cacheKey({
  keyPrefix,
  version,
  keyFunction,
}: Pick<CacheSettings, 'keyPrefix' | 'version' | 'keyFunction'>): (key: string) => string {
  const make = keyFunction ?? defaultKeyFunction
  return (key) => make(key, keyPrefix, version)
}
