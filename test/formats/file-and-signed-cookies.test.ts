/** The worked examples of docs/formats.md. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSessionCodec } from '../../src/stores/session-data.ts'
import { isStored, type SessionStore } from '../../src/stores/store.ts'
import { SITE_SECRET } from '../contracts/db-store.ts'
import { fileStoreUnderTest } from '../contracts/file-store.ts'
import { plainValues, setting } from '../contracts/session-store.ts'
import { signedCookiesUnderTest } from '../contracts/signed-cookies-store.ts'
import { examplesOf } from './examples.ts'

const START = new Date('2026-01-15T12:00:00Z')

async function valuesIn(store: SessionStore, key: string): Promise<unknown> {
  const answer = await store.load(key)
  return isStored(answer) ? plainValues(answer) : answer
}

test('the examples have the secret of the tests', () => {
  expect(SITE_SECRET).toBe('a secret of the site')
})

test('the file holds what is said of it, and would be written so', async () => {
  const [example = ''] = examplesOf('File')
  const folder = mkdtempSync(join(tmpdir(), 'formats-'))
  const codec = createSessionCodec({ SECRET_KEY: SITE_SECRET, now: () => START.getTime() })
  const { store, pathOf } = fileStoreUnderTest({ folder, codec })
  const key = 'abcdefghijklmnopqrstuvwxyz012345'
  expect(pathOf(key)).toBe(join(folder, 'sessionidabcdefghijklmnopqrstuvwxyz012345'))
  writeFileSync(pathOf(key), example)
  utimesSync(pathOf(key), START, START)
  expect(await valuesIn(store, key)).toEqual({ cart: ['pear'] })
  expect((await store.create(setting({ cart: ['pear'] }))).version).toBe(example)
  rmSync(folder, { recursive: true })
})

test('the cookies hold what is said of them, and would be written so', async () => {
  const [short = '', compressed = ''] = (examplesOf('Signed cookies')[0] ?? '').split('\n')
  const { store } = signedCookiesUnderTest()
  expect(await valuesIn(store, short)).toEqual({ cart: ['pear'] })
  expect(await valuesIn(store, compressed)).toEqual({ cart: Array(9).fill('pear') })
  expect((await store.create(setting({ cart: ['pear'] }))).key).toBe(short)
})
