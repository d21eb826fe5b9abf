import { expect, test } from 'vitest'
import { type Deadline, startDeadline } from '../../src/deadline.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { inTurn } from '../../src/files/file-calls.ts'

const soon = () => startDeadline(5000)
const over: Deadline = { remaining: () => 0 }

test('a change whose turn does not come within its deadline is not begun, and nobody passes what it waited for', async () => {
  const done: string[] = []
  const first = Promise.withResolvers<void>()
  const begun = inTurn('a file', soon(), () => first.promise.then(() => done.push('first')))
  const late = inTurn('a file', over, async () => done.push('late'))
  const last = inTurn('a file', soon(), async () => done.push('last'))
  await expect(late).rejects.toBeInstanceOf(StoreUnavailable)
  await expect(late).rejects.toMatchObject({ reason: 'deadline' })
  await inTurn('another file', soon(), async () => done.push('another'))
  first.resolve()
  await Promise.all([begun, last])
  expect(done).toEqual(['another', 'first', 'last'])
})
