/** What every cache does. A cache's test calls this with a way to make one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Cache, CacheItem, StoredItem } from '../../src/caches/cache.ts'
import { type Deadline, startDeadline } from '../../src/deadline.ts'

export interface CacheUnderTest {
  readonly cache: Cache
  /** A second client of the same server, as another process would have. */
  readonly other: Cache
  /** The clock that both were given. */
  now(): Date
  /** Moves their clock and that of their server. Ages below a minute would race with the server's own. */
  advance(seconds: number): void | Promise<void>
  /** How many items are stored that have not ended. */
  count(): Promise<number>
  /** Stores bytes beside the library, as another program would, for an hour. */
  set(key: string, bytes: Uint8Array): Promise<void>
  /** Caches without one of their own, as files, need clearing. Default: items that have ended are gone by themselves. */
  readonly needsClearing?: boolean
  /** Whether `endsAt` is known. Default true. */
  readonly tellsEnd?: boolean
  close(): Promise<void>
}

const HOUR = 3600

/** @param flags what this kind of cache keeps beside a value; undefined for nothing */
export function describeCache(name: string, make: () => Promise<CacheUnderTest>, flags?: number): void {
  describe(`${name} as a cache`, () => {
    let under: CacheUnderTest
    beforeEach(async () => {
      under = await make()
    })
    afterEach(() => under.close())

    const soon = (): Deadline => startDeadline(5000)
    const item = (content: string | Uint8Array): CacheItem => ({
      bytes: typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
      ...(flags !== undefined && { flags }),
    })

    async function found(key: string, cache = under.cache): Promise<StoredItem> {
      const answer = await cache.get(key, soon(), 'toWrite')
      if (answer === null) throw new Error(`nothing is stored under ${key}`)
      return answer
    }

    async function contentOf(key: string, cache = under.cache): Promise<string | null> {
      const answer = await cache.get(key, soon())
      return answer && Buffer.from(answer.bytes).toString('latin1')
    }

    test('what was added is found, by another client too, and ends when it was told to', async () => {
      const version = await under.cache.add('k', item('one'), HOUR, soon())
      const answer = await found('k', under.other)
      expect(Buffer.from(answer.bytes).toString()).toBe('one')
      expect(answer.flags).toBe(flags)
      expect(answer.version).toBe(version)
      if (under.tellsEnd !== false) {
        const end = under.now().getTime() + HOUR * 1000
        expect(answer.endsAt?.getTime()).toBeLessThanOrEqual(end)
        expect(answer.endsAt?.getTime()).toBeGreaterThan(end - 120_000)
      }
      await under.advance(HOUR - 60)
      expect(await contentOf('k')).toBe('one')
      await under.advance(60)
      expect(await under.cache.get('k', soon())).toBeNull()
      expect(await under.other.get('k', soon(), 'toWrite')).toBeNull()
    })

    test('any bytes come back as they went, also under keys with signs of every kind', async () => {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256)
      const key = "shop's:1:a-z_~!*()%25/\\{}[]"
      await under.cache.add(key, item(bytes), HOUR, soon())
      expect(Buffer.compare((await found(key)).bytes, bytes)).toBe(0)
      const { version } = await found(key)
      expect(await under.other.replace(key, version, item(bytes.toReversed()), HOUR, soon())).not.toBeNull()
      expect(Buffer.compare((await found(key)).bytes, bytes.toReversed())).toBe(0)
    })

    test('S36: adding leaves what is there alone', async () => {
      await under.cache.add('k', item('one'), HOUR, soon())
      expect(await under.other.add('k', item('two'), HOUR, soon())).toBeNull()
      expect(await contentOf('k')).toBe('one')
      await under.advance(HOUR)
      expect(await under.other.add('k', item('two'), HOUR, soon())).not.toBeNull()
      expect(await contentOf('k')).toBe('two')
    })

    test('S36: replacing and removing happen to the version that was seen, and to no other', async () => {
      await under.cache.add('k', item('one'), HOUR, soon())
      const seen = await found('k')
      const next = await under.other.replace('k', seen.version, item('two'), HOUR, soon())
      expect(next).toBe((await found('k')).version)
      expect(next).not.toBe(seen.version)
      expect(await under.cache.replace('k', seen.version, item('three'), HOUR, soon())).toBeNull()
      expect(await under.cache.touch('k', seen.version, HOUR, soon())).toBe(false)
      expect(await under.cache.remove('k', seen.version, soon())).toBe(false)
      expect(await contentOf('k')).toBe('two')
      expect(await under.cache.remove('k', next ?? '', soon())).toBe(true)
      expect(await contentOf('k')).toBeNull()
    })

    test('S36: of many that replace the same version one does', async () => {
      await under.cache.add('k', item('start'), HOUR, soon())
      const { version } = await found('k')
      const clients = [under.cache, under.other]
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (clients[index % 2] ?? under.cache).replace('k', version, item(`writer ${index}`), HOUR, soon()),
        ),
      )
      const winners = answers.flatMap((answer, index) => (answer === null ? [] : [`writer ${index}`]))
      expect(winners).toHaveLength(1)
      expect(await contentOf('k')).toBe(winners[0])
    })

    test('S36: no write brings back what was deleted, and deleting can be repeated', async () => {
      await under.cache.add('k', item('one'), HOUR, soon())
      const { version } = await found('k')
      await under.other.delete('k', soon())
      await under.other.delete('k', soon())
      expect(await under.cache.replace('k', version, item('two'), HOUR, soon())).toBeNull()
      expect(await under.cache.touch('k', version, HOUR, soon())).toBe(false)
      expect(await under.cache.remove('k', version, soon())).toBe(false)
      expect(await contentOf('k')).toBeNull()
      expect(await under.count()).toBe(0)
    })

    test('a write gives the version that the next one compares with', async () => {
      const first = await under.cache.add('k', item('one'), HOUR, soon())
      const second = await under.cache.replace('k', first ?? '', item('two'), HOUR, soon())
      expect(await under.cache.touch('k', second ?? '', HOUR, soon())).toBe(true)
      const third = await under.cache.replace('k', second ?? '', item('three'), HOUR, soon())
      expect(await under.cache.remove('k', third ?? '', soon())).toBe(true)
    })

    test('touching renews the end and nothing else; a shorter time-out is taken, too', async () => {
      await under.cache.add('k', item('one'), HOUR, soon())
      const { version } = await found('k')
      await under.advance(HOUR - 300)
      expect(await under.cache.touch('k', version, HOUR, soon())).toBe(true)
      await under.advance(HOUR - 300)
      expect(await contentOf('k')).toBe('one')
      expect(await under.cache.touch('k', version, 120, soon())).toBe(true)
      await under.advance(120)
      expect(await contentOf('k')).toBeNull()
    })

    test.each([0, -5, 0.9 - 1])('a time-out of %d ends an item at once', async (timeout) => {
      await under.cache.add('new', item('one'), timeout, soon())
      expect(await contentOf('new')).toBeNull()
      await under.cache.add('k', item('one'), HOUR, soon())
      expect(await under.cache.add('k', item('two'), timeout, soon())).toBeNull()
      const { version } = await found('k')
      expect(await under.other.replace('k', version, item('two'), timeout, soon())).not.toBeNull()
      expect(await contentOf('k')).toBeNull()
      await under.cache.add('k', item('one'), HOUR, soon())
      expect(await under.other.touch('k', (await found('k')).version, timeout, soon())).toBe(true)
      expect(await contentOf('k')).toBeNull()
      expect(await under.count()).toBe(0)
    })

    test('what another program stores is found and has a version of its own', async () => {
      await under.cache.add('k', item('ours'), HOUR, soon())
      const { version } = await found('k')
      await under.set('k', Buffer.from('theirs'))
      expect(await contentOf('k')).toBe('theirs')
      expect(await under.cache.replace('k', version, item('two'), HOUR, soon())).toBeNull()
      expect(await under.cache.replace('k', (await found('k')).version, item('two'), HOUR, soon())).not.toBeNull()
      expect(await contentOf('k')).toBe('two')
    })

    test('clearing takes what has ended, where that does not go by itself, and leaves the rest', async () => {
      await under.cache.add('a', item('one'), 100, soon())
      await under.cache.add('b', item('two'), 100, soon())
      await under.cache.add('c', item('three'), HOUR, soon())
      await under.advance(100)
      expect(await under.cache.clearExpired(soon())).toBe(under.needsClearing === true ? 2 : 0)
      expect(await contentOf('c')).toBe('three')
      expect(await under.count()).toBe(1)
    })

    test('where a cache lists its keys, those that hold a text are found, whatever signs are in it', async () => {
      const { find } = under.cache
      if (find === undefined) return
      const odd = 'a*b?[c]_%!d'
      for (const key of [`1${odd}2`, odd, 'axb?[c]_%!d', 'other']) await under.cache.add(key, item('x'), HOUR, soon())
      expect((await find(odd, 10, soon())).sort()).toEqual([`1${odd}2`, odd].sort())
      expect(await find('other', 10, soon())).toEqual(['other'])
      expect(await find('nothing of the kind', 10, soon())).toEqual([])
      expect(await find('', 1, soon())).toHaveLength(1)
    })

    test('where a cache shows what it holds, some items whose keys hold a text are seen, of all of them', async () => {
      const { sample } = under.cache
      if (sample === undefined) return
      const odd = 'a*b?[c]_%!d'
      for (const key of [`${odd}1`, `${odd}2`, 'axb?[c]_%!d3']) await under.cache.add(key, item(key), HOUR, soon())
      await under.cache.add(`${odd}4`, item('ended'), 100, soon())
      await under.advance(101)
      const seen = await sample(odd, 10, soon())
      const hasKeys = seen.every(({ key }) => key !== null)
      const contents = seen.map(({ item: { bytes } }) => Buffer.from(bytes).toString('latin1'))
      // A file does not tell whose it is.
      expect(contents.filter((content) => content !== 'ended').sort()).toEqual(
        [`${odd}1`, `${odd}2`, ...(hasKeys ? [] : ['axb?[c]_%!d3'])].sort(),
      )
      if (hasKeys)
        expect(seen.map(({ key }) => key)).toEqual(expect.arrayContaining(contents.filter((c) => c !== 'ended')))
      expect(await sample(odd, 1, soon())).toHaveLength(1)
      expect(await sample('nothing of the kind', 10, soon())).toHaveLength(hasKeys ? 0 : 3)
    })

    test('the check reaches the server', async () => {
      await under.cache.check(soon())
    })
  })
}
