import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startDeadline } from '../../src/deadline.ts'
import { SerializationError, SettingsError } from '../../src/errors.ts'
import { cacheOutage } from '../../src/stores/cache-outage.ts'

const DEADLINE_MS = 1000
/** As when a file that TLS needs cannot be read. */
const noFile = new SettingsError('CACHES: the file of OPTIONS ssl_ca_certs cannot be read.')

let fault: Error | null
let amended: string[]
let timers: { act: () => unknown; milliseconds: number }[]
beforeEach(() => {
  fault = null
  amended = []
  timers = []
})
afterEach(() => void vi.unstubAllGlobals())

function outage(warnings: string[] = []) {
  return cacheOutage({
    now: () => new Date(0),
    deadlineMs: DEADLINE_MS,
    longestTimeout: () => 100,
    warn: (_, message) => void warnings.push(message),
    async amend(key) {
      if (fault !== null) throw fault
      amended.push(key)
      return null
    },
  })
}

/** Timers that fire when they are told to. */
function holdTimers(): void {
  vi.stubGlobal('setTimeout', (act: () => unknown, milliseconds: number) => {
    timers.push({ act, milliseconds })
    return { unref: () => undefined }
  })
}

test('a cache that cannot be connected to for its settings has failed as any other; what cannot be written has not', async () => {
  const warnings: string[] = []
  const { attempt, isSteady } = outage(warnings)
  const failing = (error: Error) => attempt(startDeadline(DEADLINE_MS), () => Promise.reject(error))
  await expect(failing(new SerializationError('No.'))).rejects.toThrow('No.')
  expect(isSteady()).toBe(true)
  expect(await failing(noFile)).toBeUndefined()
  expect(isSteady()).toBe(false)
  expect(warnings).toEqual([expect.stringContaining('ssl_ca_certs')])
})

test.each([
  ['settings', noFile],
  ['a bug', new TypeError('a bug')],
])('what is owed is made up for after a failure of any kind, by %s too, which rejects nothing', async (_, error) => {
  holdTimers()
  const { owe, owes } = outage()
  fault = error
  owe('a', 'save')
  for (let round = 0; round < 3; round++) await timers.shift()?.act()
  expect(owes('a')).toBe(true)
  fault = null
  await timers.shift()?.act()
  expect([owes('a'), amended]).toEqual([false, ['a']])
})

test('a call whose own time is over asks the cache for nothing, which has not failed by that', async () => {
  const warnings: string[] = []
  const { attempt, isSteady } = outage(warnings)
  let asked = 0
  for (let call = 0; call < 10; call++) {
    expect(await attempt({ remaining: () => 0 }, async () => ++asked, 'urgent')).toBeUndefined()
  }
  expect([asked, isSteady(), warnings]).toEqual([0, true, []])
  expect(await attempt(startDeadline(DEADLINE_MS), async () => 'answer')).toBe('answer')
})

/** How many timers fire while the cache stays down, and the pause of the last. */
async function triesOf(owe: () => void): Promise<{ tries: number; last: number | undefined }> {
  holdTimers()
  fault = noFile
  owe()
  let last: number | undefined
  let tries = 0
  for (; tries < 150; tries++) {
    const timer = timers.shift()
    if (timer === undefined) break
    last = timer.milliseconds
    await timer.act()
  }
  return { tries, last }
}

test('a logout is tried for as long as it is owed, seldom in the end; saves wait for a request', async () => {
  const { owe, owes } = outage()
  expect((await triesOf(() => owe('saved', 'save'))).tries).toBe(100)
  expect(await triesOf(() => owe('gone', 'logout'))).toEqual({ tries: 150, last: 10_000 })
  expect(timers).toHaveLength(1)
  fault = null
  await timers.shift()?.act()
  expect([amended, owes('gone'), owes('saved'), timers]).toEqual([['gone', 'saved'], false, false, []])
})

test('closing tries everything once more, logouts first, and nothing after that', async () => {
  holdTimers()
  const { owe, close, owes } = outage()
  fault = noFile
  owe('saved', 'save')
  owe('gone', 'logout')
  await close()
  expect([owes('gone'), amended]).toEqual([true, []])
  fault = null
  await close()
  expect([owes('gone'), amended]).toEqual([false, ['gone', 'saved']])
  owe('later', 'logout')
  for (const { act } of timers) await act()
  expect(amended).toHaveLength(2)
})
