/** The engine `cached_db` as settings describe it, from the first connection to the last. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeSite } from '../site.ts'

test('S35: a bridge that is closed tells the cache first of the logouts that it did not hear of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cached-db-'))
  const [location, aside] = [join(folder, 'cache'), join(folder, 'aside')]
  const warnings: string[] = []
  const site = await makeSite(
    {
      SESSION_ENGINE: 'django.contrib.sessions.backends.cached_db',
      CACHES: { default: { BACKEND: 'django.core.cache.backends.filebased.FileBasedCache', LOCATION: location } },
    },
    { hooks: { onWarning: ({ code }) => warnings.push(code) } },
  )
  const key = await site.store({ cart: ['pear'] })
  const session = await site.open(`sessionid=${key}`).session()
  expect(session.get('cart')).toEqual(['pear'])
  const [before] = contents(location)
  // A folder that is a file.
  renameSync(location, aside)
  writeFileSync(location, '')
  await session.flush()
  expect(warnings).toContain('logout_not_in_cache')
  rmSync(location)
  renameSync(aside, location)
  expect(contents(location)).toEqual([before])
  await site.bridge.close()
  expect(contents(location)).not.toEqual([before])
  rmSync(folder, { recursive: true })
})

function contents(folder: string): string[] {
  return readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('latin1'))
}
