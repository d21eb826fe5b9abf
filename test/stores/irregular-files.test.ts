import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isStored, type StoredSession } from '../../src/stores/store.ts'
import { type FileStoreUnderTest, fileStoreUnderTest } from '../contracts/file-store.ts'
import { irregularFiles } from '../contracts/irregular-files.ts'
import { plainValues, setting } from '../contracts/session-store.ts'

let under: FileStoreUnderTest
let created: StoredSession
beforeEach(async () => {
  under = fileStoreUnderTest()
  created = await under.store.create(setting({ a: 1 }))
})
afterEach(() => under.close())

const UNREADABLE = { absent: 'unreadable', reason: 'session_data_unreadable' }

/** What stands there, down to when it was touched. */
function looks(path: string): unknown {
  const { ino, mode, ctimeMs } = lstatSync(path)
  return [under.names(), ino, mode, ctimeMs]
}

/** Every call but a delete, which ends what its caller opened. */
async function callEverything(seen: StoredSession): Promise<void> {
  const { store } = under
  expect(await store.load(seen.key)).toMatchObject(UNREADABLE)
  expect(await store.exists(seen.key)).toBe(true)
  expect(await store.save(seen, setting({ b: 2 }))).toBeNull()
  expect(await store.cycle(seen, setting({ b: 2 }))).toBeNull()
  expect(await store.touch(seen)).toBeNull()
  await store.check()
  under.advance(1209600 * 2)
  expect(await store.clearExpired()).toBe(0)
}

describe('in the place of a session file', () => {
  test.each(irregularFiles)('%s answers at once as unreadable, and stays as it is', async (_, make) => {
    const path = under.pathOf(created.key)
    renameSync(path, join(under.folder, 'kept'))
    make(path)
    const before = looks(path)
    await callEverything(created)
    expect(looks(path)).toEqual(before)
  })

  test('a link to a good session, which Django follows, is unreadable, and both stay', async () => {
    const path = under.pathOf(created.key)
    const target = join(under.folder, 'kept')
    renameSync(path, target)
    symlinkSync(target, path)
    const before = [looks(path), looks(target), readFileSync(target, 'latin1')]
    await callEverything(created)
    expect([looks(path), looks(target), readFileSync(target, 'latin1')]).toEqual(before)
  })

  test('more FIFOs than Node has threads keep no other session waiting', async () => {
    const keys = Array.from({ length: 12 }, (_, at) => `fifofifo${at}`)
    execFileSync(
      'mkfifo',
      keys.map((key) => under.pathOf(key)),
    )
    const answers = await Promise.all(keys.map((key) => under.store.load(key)))
    expect(answers).toEqual(keys.map(() => expect.objectContaining(UNREADABLE)))
    const answer = await under.store.load(created.key)
    expect(isStored(answer) && plainValues(answer)).toEqual({ a: 1 })
  })
})

describe('a folder of sessions', () => {
  test('is listed without what is no regular file', async () => {
    for (const [at, [, make]] of irregularFiles.entries()) make(under.pathOf(`irregular${at}`))
    symlinkSync(under.pathOf(created.key), under.pathOf('linklinklink'))
    mkdirSync(under.pathOf('folderfolder'))
    const newest = await under.store.recent?.(20)
    expect(newest?.map(({ key }) => key)).toEqual([created.key])
  })

  test('may be a link itself', async () => {
    const link = `${under.folder}-link`
    symlinkSync(under.folder, link)
    expect(isStored(await fileStoreUnderTest({ folder: link }).store.load(created.key))).toBe(true)
    unlinkSync(link)
  })

  test('opens a session of exactly the limit, and none that is longer', async () => {
    const text = readFileSync(under.pathOf(created.key), 'latin1')
    const load = (inputLength: number) =>
      fileStoreUnderTest({ folder: under.folder, inputLength }).store.load(created.key)
    expect(isStored(await load(text.length))).toBe(true)
    expect(await load(text.length - 1)).toMatchObject({ absent: 'unreadable', reason: 'session_data_corrupted' })
  })
})
