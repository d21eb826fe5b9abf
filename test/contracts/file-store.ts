/** The store `file` on a folder of its own, as the contract of session stores wants it. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { type FileStoreOptions, file } from '../../src/stores/file.ts'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { expiryRule } from '../../src/stores/session-expiry.ts'
import { SITE_SECRET } from './db-store.ts'
import type { StoreUnderTest } from './session-store.ts'

export interface FileStoreUnderTest extends StoreUnderTest {
  readonly folder: string
  readonly now: () => Date
  pathOf(key: string): string
  /** Whatever lies in the folder. */
  names(): string[]
}

const START = Date.UTC(2026, 0, 15, 12)
const settings = { SESSION_COOKIE_AGE: 1209600, SESSION_EXPIRE_AT_BROWSER_CLOSE: false }

export function fileStoreUnderTest(options: Partial<FileStoreOptions> = {}): FileStoreUnderTest {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'session-files-'))
  let milliseconds = START
  const now = (): Date => new Date(milliseconds)
  const wallClock = options.wallClock ?? utcClock
  const make = () =>
    file({
      folder,
      prefix: 'sessionid',
      codec: createSessionCodec({ SECRET_KEY: SITE_SECRET, now: () => milliseconds, marksWrites: true }),
      expiryOf: expiryRule(settings, wallClock, now),
      wallClock,
      now,
      deadlineMs: 5000,
      ...options,
    })
  const pathOf = (key: string): string => join(folder, `sessionid${key}`)
  return {
    folder,
    now,
    pathOf,
    names: () => readdirSync(folder).sort(),
    store: make(),
    other: make(),
    advance(seconds) {
      milliseconds += seconds * 1000
    },
    count: async () => readdirSync(folder).length,
    async corrupt(key) {
      writeFileSync(pathOf(key), 'e30:1wAbCd:tampered')
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
