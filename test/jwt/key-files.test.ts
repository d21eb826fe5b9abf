import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/errors.ts'
import { readKeySetting } from '../../src/jwt/key-setting.ts'
import { irregularFiles } from '../contracts/irregular-files.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-'))
  path = join(folder, 'key')
})
afterEach(() => rmSync(folder, { recursive: true }))

const SECRET = 'a secret of more than thirty-two bytes'

describe('the file of a JWT’s key', () => {
  test.each(irregularFiles)('may not be %s, which is not waited for', (_, make) => {
    make(path)
    expect(() => readKeySetting({ path }, SECRET, false)).toThrow(SettingsError)
  })

  test('may not be a FIFO or a device when text names it, either', () => {
    irregularFiles[0]?.[1](path)
    for (const text of [path, '/dev/zero']) expect(() => readKeySetting(text, SECRET, true)).toThrow('no regular file')
  })

  test('is not read when it is larger than any key', () => {
    writeFileSync(path, '')
    truncateSync(path, (1 << 20) + 1)
    expect(() => readKeySetting({ path }, SECRET, false)).toThrow('larger than any key')
  })

  test('may be a link to a file', () => {
    writeFileSync(path, SECRET)
    symlinkSync(path, `${path}-link`)
    for (const setting of [{ path: `${path}-link` }, `${path}-link`]) {
      expect(readKeySetting(setting, 'other', false).verifyKey.export()).toEqual(Buffer.from(SECRET))
    }
  })
})
