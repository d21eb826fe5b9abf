import { expect, test } from 'vitest'
import { refuseOnceOver, startDeadline, withinDeadline } from '../src/deadline.ts'

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
