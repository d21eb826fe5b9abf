/** A cache whose alias is a name that every JavaScript object has: to Django a key of a dict like any other. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { sidesOn } from './cache-sides.ts'

const pythons = inject('djangos').flatMap((django) => ('python' in django ? [django] : []))

describe.each(pythons.slice(-1))('Django $version', ({ python }) => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bridge-alias-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(['constructor', 'toString', '__proto__'])('S27: CACHES.%s is shared', async (alias) => {
    const BACKEND = 'django.core.cache.backends.filebased.FileBasedCache'
    const sides = sidesOn({ BACKEND, LOCATION: join(folder, 'cache') }, { python, folder, alias })
    try {
      const key = await sides.inDjango(null, { cart: ['tea'] })
      expect(await sides.inNode(key, 'seen')).toEqual(['cart'])
      expect(await sides.namesInDjango(key)).toEqual(['cart', 'seen'])
    } finally {
      await sides.stop()
    }
  })
})
