/** Sessions of real Django and of Node in one cache, whatever its backend. */
import { join } from 'node:path'
import { createBridge } from '../../src/bridge.ts'
import { formatPickle } from '../../src/python/pickle/pickle-writer.ts'
import type { CacheDictionary } from '../../src/settings/cache-setting.ts'
import { openWith, SECRET_KEY } from './live-site.ts'
import { startOracle } from './oracle.ts'

/** A session's values, as python-fixtures/vectors/described.py tells them. */
interface DescribedDict {
  readonly dict: readonly (readonly [name: { readonly str: string }, value: unknown])[]
}

/**
 * Both sides on one cache, each in its own words; Django with options of its own beside those of `cache`.
 * @param alias of the cache in CACHES
 */
export function sidesOn(
  cache: CacheDictionary,
  {
    python,
    folder,
    djangoOptions = {},
    alias = 'sessions',
  }: { python: string; folder: string; djangoOptions?: object; alias?: string },
) {
  const caches = { [alias]: { ...cache, OPTIONS: { ...cache.OPTIONS, ...djangoOptions } } }
  const options = { secret_key: SECRET_KEY, caches, database: join(folder, 'db.sqlite3') }
  const django = startOracle(python, ['cached_sessions.py', JSON.stringify(options)])
  const bridge = createBridge({
    SECRET_KEY,
    DEBUG: true,
    SESSION_ENGINE: 'django.contrib.sessions.backends.cache',
    SESSION_CACHE_ALIAS: alias,
    CACHES: { [alias]: cache },
  })
  const asked = { alias, engine: 'cache' }
  const inDjango = async (key: string | null, values: object): Promise<string> =>
    (await django.ask<{ key: string }>({ op: 'save', ...asked, key, set: formatPickle(values).toString('hex') })).key
  const loadInDjango = async (key: string): Promise<DescribedDict | null> =>
    (await django.ask<{ values: DescribedDict | null }>({ op: 'load', ...asked, key })).values
  const namesInDjango = async (key: string): Promise<unknown> =>
    (await loadInDjango(key))?.dict.map(([name]) => name.str) ?? null
  async function inNode(key: string, name: string): Promise<unknown[]> {
    const context = openWith(bridge, `sessionid=${key}`)
    const session = await context.session()
    const names = [...session.keys()]
    session.set(name, 1)
    await context.finish(200)
    return names
  }
  async function logoutInNode(key: string): Promise<void> {
    const context = openWith(bridge, `sessionid=${key}`)
    await (await context.session()).flush()
    await context.finish(200)
  }
  async function stop(): Promise<void> {
    django.stop()
    await bridge.close()
  }
  return { bridge, inDjango, loadInDjango, namesInDjango, inNode, logoutInNode, stop }
}
