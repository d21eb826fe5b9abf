import { expect, test } from 'vitest'
import { SessionInterrupted, SettingsError, StoreUnavailable } from '../src/errors.ts'

test.each([
  [new SettingsError('x'), 500],
  [new SessionInterrupted('x'), 400],
  [new StoreUnavailable('x'), 503],
])('an error has its status by both of its usual names', (error, status) => {
  expect([error.status, error.statusCode]).toEqual([status, status])
})
