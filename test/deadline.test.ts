import { execFile } from 'node:child_process'
import { resolve as pathTo } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { refuseOnceOver, startDeadline, withinDeadline } from '../src/deadline.ts'
import { seededRandom, shuffled } from './seeded-random.ts'

const never = new Promise<never>(() => undefined)
const nothing = (): void => undefined

test('what does not come in time is a failure of the store by its deadline, and is abandoned', async () => {
  let abandoned = 0
  const waiting = withinDeadline(never, startDeadline(1), () => abandoned++)
  await expect(waiting).rejects.toMatchObject({ code: 'store_unavailable', reason: 'deadline' })
  expect(abandoned).toBe(1)
})

test('what comes in time settles as it does, and is not abandoned', async () => {
  let abandoned = 0
  const abandon = (): number => abandoned++
  expect(await withinDeadline(Promise.resolve(1), startDeadline(10_000), abandon)).toBe(1)
  const error = new Error('its own')
  await expect(withinDeadline(Promise.reject(error), startDeadline(10_000), abandon)).rejects.toBe(error)
  expect(abandoned).toBe(0)
})

test('what fails late is nobody’s unhandled rejection', async () => {
  const late = Promise.withResolvers<never>()
  await expect(withinDeadline(late.promise, startDeadline(1), nothing)).rejects.toMatchObject({ reason: 'deadline' })
  late.reject(new Error('too late'))
  await new Promise((resolve) => setImmediate(resolve))
})

test('what has no time left is refused before it begins', () => {
  expect(() => refuseOnceOver({ remaining: () => 0 })).toThrow(
    expect.objectContaining({ code: 'store_unavailable', reason: 'deadline' }),
  )
  refuseOnceOver({ remaining: () => 0.1 })
})

test('of many that wait, each misses its own deadline, and none another’s', async () => {
  const missed: number[] = []
  const wait = (milliseconds: number) =>
    withinDeadline(never, startDeadline(milliseconds), () => missed.push(milliseconds)).catch(() => undefined)
  const long = withinDeadline(
    new Promise((resolve) => setTimeout(resolve, 80, 'in time')),
    startDeadline(60_000),
    nothing,
  )
  await Promise.all([wait(60), wait(20), wait(40), wait(5)])
  expect(missed).toEqual([5, 20, 40, 60])
  expect(await long).toBe('in time')
})

test('many come and go in any order: those that are answered in time miss nothing, the others all do', async () => {
  const random = seededRandom(7)
  const missed = new Set<number>()
  const calls = Array.from({ length: 300 }, (_, number) => {
    const { promise, resolve } = Promise.withResolvers<number>()
    const isAnswered = random() < 0.5
    const outcome = withinDeadline(promise, startDeadline(isAnswered ? 60_000 : 30 + 30 * random()), () => {
      missed.add(number)
    })
    return { number, isAnswered, resolve, outcome: outcome.catch(() => 'missed') }
  })
  for (const { number, isAnswered, resolve } of shuffled(calls, random)) if (isAnswered) resolve(number)
  const outcomes = await Promise.all(calls.map(({ outcome }) => outcome))
  expect(outcomes).toEqual(calls.map(({ number, isAnswered }) => (isAnswered ? number : 'missed')))
  expect(missed.size).toBe(calls.filter(({ isAnswered }) => !isAnswered).length)
})

test('a call that begins as another one is given up has a deadline of its own', async () => {
  let begun: Promise<unknown> = Promise.resolve()
  const long = withinDeadline(never, startDeadline(500), nothing).catch(() => 'long')
  const given = withinDeadline(never, startDeadline(10), () => {
    begun = withinDeadline(never, startDeadline(10), nothing).catch(() => 'short')
  }).catch(() => undefined)
  await given
  expect(await Promise.race([begun, long])).toBe('short')
  await long
})

test('a deadline that nobody waits for keeps no process alive; one that somebody waits for does', async () => {
  const module = JSON.stringify(pathTo(import.meta.dirname, '../src/deadline.ts'))
  const script = (work: string, milliseconds: number) => `
    const { startDeadline, withinDeadline } = await import(${module})
    await withinDeadline(Promise.resolve(), startDeadline(600_000), () => {})
    await withinDeadline(${work}, startDeadline(${milliseconds}), () => {}).catch(({ reason }) => console.log(reason))`
  const run = async (code: string) =>
    (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { timeout: 50_000 })).stdout
  expect(await run(script('Promise.resolve()', 600_000))).toBe('')
  expect(await run(script('new Promise(() => {})', 50))).toBe('deadline\n')
})

test('clocks of a test’s own leave nothing behind', async () => {
  vi.useFakeTimers()
  // In the past of the real clock, if only just.
  await withinDeadline(Promise.resolve(), startDeadline(1), nothing)
  vi.useRealTimers()
  await expect(withinDeadline(never, startDeadline(1), nothing)).rejects.toMatchObject({ reason: 'deadline' })
  vi.useFakeTimers({ now: 0 })
  vi.advanceTimersByTime(86_400_000)
  await withinDeadline(Promise.resolve(), startDeadline(2000), nothing)
  vi.useRealTimers()
  await expect(withinDeadline(never, startDeadline(20), nothing)).rejects.toMatchObject({ reason: 'deadline' })
})
