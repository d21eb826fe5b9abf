/** What a site is told that gave no hooks: nothing is silent, and nothing is told with every request. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Bridge, type BridgeHooks, type BridgeWarning, createBridge } from '../src/bridge.ts'
import { openMemoryDatabase } from '../src/databases/memory-database.ts'
import type { DjangoSettings } from '../src/settings/settings.ts'
import { loginValues, makeSite, SECRET_KEY } from './site.ts'

const UNKNOWN = 'sessionid=unknownunknownunknownunknown0000'
const bridges: Bridge[] = []

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(bridges.splice(0).map((bridge) => bridge.close()))
})

function bridgeWith(hooks: BridgeHooks, settings: Partial<DjangoSettings> = {}): Bridge {
  const clients = { databases: { default: openMemoryDatabase() } }
  const bridge = createBridge({ SECRET_KEY, DEBUG: true, ...settings }, { clients, hooks })
  bridges.push(bridge)
  return bridge
}

async function visit(bridge: Bridge, cookie: string): Promise<void> {
  const django = bridge.open({ method: 'GET', url: '/', headers: { cookie }, secure: false })
  await django.user()
  await django.finish(200)
}

function collected(): { warnings: BridgeWarning[]; onWarning: (warning: BridgeWarning) => void } {
  const warnings: BridgeWarning[] = []
  return { warnings, onWarning: (warning) => void warnings.push(warning) }
}

describe('without onSuspicious', () => {
  test('a refused cookie is a warning that names the code and the command to run', async () => {
    const { warnings, onWarning } = collected()
    await visit(bridgeWith({ onWarning }), UNKNOWN)
    expect(warnings).toMatchObject([{ code: 'unknown_session' }])
    expect(warnings[0]?.message).toMatch(/once.*npx django-session-bridge doctor --session/)
  })

  test('a code is told at once, and then once a minute with how often it came meanwhile', async () => {
    const { warnings, onWarning } = collected()
    const bridge = bridgeWith({ onWarning })
    for (let count = 0; count < 4; count++) await visit(bridge, UNKNOWN)
    await visit(bridge, 'sessionid=short')
    expect(warnings.map(({ code }) => code)).toEqual(['unknown_session', 'short_session_key'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(warnings).toHaveLength(3)
    expect(warnings[2]).toMatchObject({ code: 'unknown_session', message: expect.stringContaining('3 times more') })
    await vi.advanceTimersByTimeAsync(600_000)
    expect(warnings).toHaveLength(3)
    await visit(bridge, UNKNOWN)
    expect(warnings[3]).toMatchObject({ code: 'unknown_session', message: expect.stringContaining('once:') })
  })

  test('what was counted and not told is told when the bridge is closed', async () => {
    const { warnings, onWarning } = collected()
    const bridge = bridgeWith({ onWarning })
    for (let count = 0; count < 3; count++) await visit(bridge, UNKNOWN)
    await bridge.close()
    expect(warnings.map(({ message }) => /once|\d+ times more/.exec(message)?.[0])).toEqual(['once', '2 times more'])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(warnings).toHaveLength(2)
  })

  test('without onWarning it is a warning of the process', async () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    await visit(bridgeWith({}), UNKNOWN)
    const [message, options] = emit.mock.calls[0] ?? []
    emit.mockRestore()
    expect([message, options]).toEqual([
      expect.stringContaining('unknown_session'),
      { type: 'DjangoSessionBridgeWarning', code: 'unknown_session' },
    ])
  })

  test('S33: a warning holds neither cookie nor key', async () => {
    const { warnings, onWarning } = collected()
    const bridge = bridgeWith({ onWarning })
    await visit(bridge, UNKNOWN)
    await visit(bridge, 'sessionid=not a key of Django')
    expect(warnings).toHaveLength(2)
    expect(JSON.stringify(warnings)).not.toMatch(/unknownunknown|not a key of/)
  })

  test('a login that fails is told as well', async () => {
    const { warnings, onWarning } = collected()
    const site = await makeSite({}, { hooks: { onWarning, onSuspicious: undefined as never } })
    await site.open(`sessionid=${await site.store({ ...loginValues(), _auth_user_hash: 'f'.repeat(64) })}`).user()
    expect(warnings).toMatchObject([{ code: 'auth_hash_mismatch', message: expect.stringContaining('SECRET_KEY') }])
    await site.close()
  })
})

test('with onSuspicious every report is the hook’s, and none a warning', async () => {
  const { warnings, onWarning } = collected()
  const codes: string[] = []
  const bridge = bridgeWith({ onWarning, onSuspicious: ({ code }) => codes.push(code) })
  await visit(bridge, UNKNOWN)
  await visit(bridge, UNKNOWN)
  await bridge.close()
  expect([codes, warnings]).toEqual([['unknown_session', 'unknown_session'], []])
})
