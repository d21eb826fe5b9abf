import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import type * as Files from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Deadline, startDeadline } from '../../src/deadline.ts'
import { SessionFiles } from '../../src/stores/session-files.ts'

const hanging = vi.hoisted(() => ({ isOn: false }))
// A file server that is gone lets a rename wait for good; no file system at hand can be made to.
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof Files>()
  const rename: typeof real.rename = (from, to) =>
    hanging.isOn && String(from).endsWith('new') ? new Promise<never>(() => undefined) : real.rename(from, to)
  return { ...real, rename }
})

let folder: string
let files: SessionFiles
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'session-files-'))
  files = new SessionFiles({ folder, prefix: 'sessionid', mostBytes: 1000, now: () => new Date() })
  writeFileSync(join(folder, 'sessionidold'), 'seen')
})
afterEach(() => {
  hanging.isOn = false
  rmSync(folder, { recursive: true, force: true })
})

/** Over as soon as the file has its new name. */
function untilMoved(): Deadline {
  const whole = startDeadline(5000)
  return { remaining: () => (existsSync(join(folder, 'sessionidnew')) ? 0 : whole.remaining()) }
}

test('a move whose deadline ends halfway is undone', async () => {
  await expect(files.move('old', 'seen', 'new', 'next', untilMoved())).rejects.toMatchObject({ reason: 'deadline' })
  expect(readdirSync(folder).filter((name) => !name.includes('_out_node_'))).toEqual(['sessionidold'])
})

test('a move that cannot be undone either fails all the same, and holds up no later change', async () => {
  hanging.isOn = true
  await expect(files.move('old', 'seen', 'new', 'next', untilMoved())).rejects.toMatchObject({ reason: 'deadline' })
  hanging.isOn = false
  expect(await files.replace('old', 'seen', 'later', startDeadline(5000))).toBe(false)
})
