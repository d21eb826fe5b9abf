/** Promises that nobody awaits: none of them ends the process, whoever made it. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const VICTIM = join(import.meta.dirname, 'unheard-victim.ts')

function run(name: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [VICTIM, name], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

/** Where what was passed cannot be used: the error that the request gets. */
const REFUSALS: Readonly<Record<string, RegExp>> = {
  'sessionAuthHash is asynchronous': /SettingsError: hooks\.sessionAuthHash/,
  'sessionTable.columns is asynchronous': /SettingsError: options\.sessionTable\.columns/,
  'serializer.loads is asynchronous': /SettingsError: options\.serializer/,
  'serializer.dumps is asynchronous': /SettingsError: options\.serializer/,
  'the step of transform() is asynchronous': /TypeError: The function of transform/,
}

describe('the process goes on', () => {
  const names = JSON.parse(run('--names').stdout) as string[]

  test.each(names)('when %s', (name) => {
    const { status, stdout, stderr } = run(name)
    expect([status, stdout.trim().split('\n').at(-1), stderr]).toMatchObject([
      0,
      'goes on',
      expect.not.stringMatching(/a hook of the site/),
    ])
    if (REFUSALS[name] !== undefined) expect(stdout).toMatch(REFUSALS[name])
  })
})
