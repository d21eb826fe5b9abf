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
  owe('a')
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
