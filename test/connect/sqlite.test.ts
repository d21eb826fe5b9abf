/** OPTIONS of Django's SQLite backend. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSqlite, openSqlite } from '../../src/connect/sqlite.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { startDeadline } from '../../src/deadline.ts'
import { SettingsError } from '../../src/errors.ts'
import { databaseSettings } from '../../src/settings/database-url.ts'

const ENGINE = 'django.db.backends.sqlite3'
const folder = mkdtempSync(join(tmpdir(), 'sqlite-options-'))
const file = join(folder, 'a b.sqlite3')

beforeAll(() => {
  const made = new DatabaseSync(file)
  made.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
  made.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function ask(NAME: string, OPTIONS: Record<string, unknown>, sql: string): Promise<unknown> {
  const settings = databaseSettings('default', { ENGINE, NAME, OPTIONS })
  checkSqlite(settings)
  const live = openSqlite(settings, utcClock)
  const [row] = await live.rows(sql, [], startDeadline(1000)).finally(() => live.close())
  return Object.values(row ?? {})[0]
}

describe('OPTIONS of SQLite', () => {
  test('init_command runs on each connection, and never makes the event loop wait', async () => {
    const OPTIONS = { init_command: 'PRAGMA synchronous=OFF; PRAGMA cache_size = -3000;PRAGMA busy_timeout=9000' }
    expect(await ask(file, OPTIONS, 'PRAGMA synchronous')).toBe(0)
    expect(await ask(file, OPTIONS, 'PRAGMA cache_size')).toBe(-3000)
    expect(await ask(file, OPTIONS, 'PRAGMA busy_timeout')).toBe(0)
    expect(await ask(file, {}, 'PRAGMA cache_size')).not.toBe(-3000)
  })

  test('an init_command that SQLite refuses is an error', async () => {
    await expect(ask(file, { init_command: 'PRAGMA (' }, 'SELECT 1')).rejects.toMatchObject({
      code: 'store_unavailable',
    })
  })

  test('a database in OPTIONS goes before NAME, and a URI is followed, as in Django', async () => {
    expect(await ask('nowhere', { database: file }, 'SELECT a FROM t')).toBe(1)
    const uri = `file:${file.replace(' ', '%20')}?mode=ro`
    expect(await ask(uri, {}, 'SELECT a FROM t')).toBe(1)
    await expect(ask(`file:${folder}/none?mode=rwc`, {}, 'SELECT 1')).rejects.toMatchObject({ reason: 'missing' })
  })

  test('what has no bearing on sessions is taken', async () => {
    const OPTIONS = { timeout: 20, transaction_mode: 'immediate', uri: true, check_same_thread: false }
    expect(await ask(file, OPTIONS, 'SELECT a FROM t')).toBe(1)
  })

  test.each<[Record<string, unknown>, RegExp, name?: string]>([
    [{ timeot: 5 }, /OPTIONS\.timeot is not an option of SQLite/],
    [{ transaction_mode: 'later' }, /OPTIONS\.transaction_mode must be one of DEFERRED/],
    [{ init_command: 5 }, /OPTIONS\.init_command must be text/],
    [{}, /NAME must be a file/, 'file:shared?mode=memory&cache=shared'],
    [{}, /NAME must be a file/, 'file::memory:?cache=shared'],
  ])('%j is refused', (OPTIONS, message, NAME = 'x') => {
    const check = () => checkSqlite(databaseSettings('default', { ENGINE, NAME, OPTIONS }))
    expect(check).toThrow(SettingsError)
    expect(check).toThrow(message)
  })
})
