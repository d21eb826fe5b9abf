/** Sessions as the store of a site has them, whatever its engine: some of the newest, and what these settings read. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Encoded } from '../serializers/serializer.ts'
import { fileStoragePath } from '../stores/file-storage-path.ts'
import { itemsUnderOwnKeys } from './cached-sessions.ts'
import { expectedSalt, findSignature } from './signed-text.ts'
import type { Site } from './site.ts'
import { hasRows, newestRows, type StoredRow } from './stored-rows.ts'

const MOST_FILES = 50

/** Whether sessions are texts with a signature: rows and files. */
export function hasTexts(site: Site): boolean {
  return hasRows(site) || hasFiles(site)
}

export function hasFiles({ settings }: Site): boolean {
  return settings.SESSION_ENGINE.endsWith('.file')
}

/** Rows and files that have not ended. @throws StoreUnavailable, SettingsError */
export async function storedTexts(site: Site): Promise<readonly StoredRow[]> {
  if (hasFiles(site)) return newestFiles(site)
  if (!hasRows(site)) return []
  const rows = await newestRows(site)
  return rows.filter(({ expires }) => expires === null || expires.getTime() > site.now().getTime())
}

async function newestFiles({ settings }: Site): Promise<StoredRow[]> {
  const folder = fileStoragePath(settings.SESSION_FILE_PATH)
  const prefix = settings.SESSION_COOKIE_NAME
  const names = (await readdir(folder)).filter((name) => /^[a-z0-9]{8,}$/.test(name.slice(prefix.length)))
  const found = []
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const info = await lstat(join(folder, name)).catch(() => null)
    if (info?.isFile()) found.push({ name, at: info.mtimeMs })
  }
  const newest = found.sort((one, other) => other.at - one.at).slice(0, MOST_FILES)
  const texts = await Promise.all(newest.map(({ name }) => readFile(join(folder, name), 'latin1').catch(() => '')))
  return texts.filter((text) => text !== '').map((text) => ({ text, expires: null }))
}

/** What these settings read of the newest sessions. @throws StoreUnavailable, SettingsError */
export async function storedSessions(site: Site): Promise<readonly ReadonlyMap<string, Encoded>[]> {
  if (hasTexts(site)) {
    return (await storedTexts(site)).flatMap(({ text }) => {
      const match = findSignature(text, site, [expectedSalt(site)])
      return match !== null && 'data' in match.decoded ? [match.decoded.data] : []
    })
  }
  if (!site.settings.SESSION_ENGINE.endsWith('.cache')) return []
  const { codec } = await site.cache()
  return ((await itemsUnderOwnKeys(site)) ?? []).flatMap(({ item }) => {
    const decoded = codec.decode(item)
    return 'data' in decoded ? [decoded.data] : []
  })
}
