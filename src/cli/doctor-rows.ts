/** The session table beside the settings: is it there, who signed its rows, and when do they end. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { databasePlace } from '../connect/places.ts'
import { StoreUnavailable } from '../errors.ts'
import { writesIsoExpiry, writesSignedSessions } from '../settings/django-version.ts'
import { fileStoragePath } from '../stores/file-storage-path.ts'
import { EXPIRY_KEY } from '../stores/session-expiry.ts'
import type { Explanation, Refusal } from './explanation.ts'
import { countsOf } from './logins.ts'
import { expectedSalt, explainSigned, findSignature, isOldSignedText, isSignedText, signedAt } from './signed-text.ts'
import type { Site } from './site.ts'
import { hasRows, newestRows, type StoredRow, tableName } from './stored-rows.ts'
import { hasFiles, hasTexts, storedTexts } from './stored-sessions.ts'

export async function checkTable(site: Site, explanation: Explanation): Promise<void> {
  if (!hasRows(site)) return
  const table = tableName(site)
  const where = databasePlace(site.settings)
  try {
    const rows = await newestRows(site)
    const alive = (await storedTexts(site)).length
    const others = rows.length === 0 ? await sessionTables(site) : []
    const [filled] = others.filter(({ name, isFilled }) => isFilled && name !== table)
    if (filled === undefined) {
      const count = alive === rows.length ? `${alive}` : `${alive} alive and ${rows.length - alive} expired`
      explanation.seen('session table', `${table} in ${where}: ${count} among the ${MOST_ROWS} that end last`)
    } else {
      const message = `${table} in ${where} is empty, and ${filled.name} has sessions: see options.sessionTable (--table)`
      explanation.refuse('wrong_table', message, 'session table')
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable) || error.reason !== 'missing') throw error
    const others = await sessionTables(site)
    const advice =
      others.length === 0
        ? 'no table has the columns of sessions: has `migrate` run on this database?'
        : `${others.map(({ name }) => name).join(', ')} has the columns of sessions: see options.sessionTable (--table)`
    explanation.refuse('wrong_table', `there is no table ${table} in ${where}; ${advice}`, 'session table')
  }
}

const MOST_ROWS = 50

interface SessionTable {
  readonly name: string
  readonly isFilled: boolean
}

/** Tables with Django's three columns that hold something, then those that are empty. */
async function sessionTables(site: Site): Promise<SessionTable[]> {
  const { database } = site
  if (database === null) return []
  const isSqlite = site.settings.DATABASES.default?.vendor === 'sqlite'
  const sql = isSqlite
    ? `SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name IN (?, ?, ?) GROUP BY m.name HAVING count(*) = 3`
    : `SELECT table_name AS name FROM information_schema.columns WHERE column_name IN (?, ?, ?) GROUP BY table_name HAVING count(*) = 3`
  const rows = await database.rows(sql, ['session_key', 'session_data', 'expire_date'], site.deadline())
  const counted = await Promise.all(
    rows.map(async ({ name }) => {
      const first = `SELECT session_key FROM ${database.dialect.quoteName(String(name))} LIMIT 1`
      const found = await database.rows(first, [], site.deadline()).catch(() => [])
      return { name: String(name), isFilled: found.length > 0 }
    }),
  )
  return counted.sort((one, other) => Number(other.isFilled) - Number(one.isFilled))
}

/** Session files: the folder, and whether some are there. */
export async function checkFiles(site: Site, explanation: Explanation): Promise<void> {
  if (!hasFiles(site)) return
  const { SESSION_FILE_PATH, SESSION_COOKIE_NAME } = site.settings
  const folder = fileStoragePath(SESSION_FILE_PATH)
  const count = (await storedTexts(site)).length
  const others = count === 0 ? await otherPrefixes(folder) : []
  if (others.length > 0) {
    const message = `${folder} (SESSION_FILE_PATH) has no file whose name begins with ${SESSION_COOKIE_NAME}, and files of ${others.join(', ')}: see SESSION_COOKIE_NAME`
    explanation.refuse('other_setting', message, 'session files')
  } else {
    explanation.seen('session files', `${count} in ${folder} (SESSION_FILE_PATH), named ${SESSION_COOKIE_NAME}…`)
  }
}

/** What stands before 32 characters of a session key, where the content is a signed session. */
async function otherPrefixes(folder: string): Promise<string[]> {
  const found = new Set<string>()
  for (const name of (await readdir(folder)).slice(0, MOST_NAMES)) {
    const prefix = name.slice(0, -32)
    if (prefix === '' || !/^[a-z0-9]{32}$/.test(name.slice(-32)) || found.has(prefix)) continue
    const path = join(folder, name)
    if (!(await lstat(path).catch(() => null))?.isFile()) continue
    const text = await readFile(path, 'latin1').catch(() => '')
    if (isSignedText(text) || isOldSignedText(text)) found.add(prefix)
  }
  return Array.from(found)
}

const MOST_NAMES = 1000

/** Rows and files: can each be read, and if not, why. */
export async function checkTexts(site: Site, explanation: Explanation): Promise<void> {
  if (!hasTexts(site)) return
  const texts = await storedTexts(site)
  if (texts.length === 0) {
    explanation.nothing('signatures', 'no session is stored')
    return
  }
  const refusals: Refusal[] = []
  const readable: StoredRow[] = []
  for (const row of texts) {
    const { refusal } = await explainSigned(row.text, site, { keyIsProven: async () => null })
    if (refusal === null) readable.push(row)
    else refusals.push(refusal)
  }
  // What was cut or changed says nothing of the settings.
  const first = refusals.find(({ cause }) => cause !== 'tampered') ?? refusals[0]
  if (first !== undefined) {
    const causes = countsOf(refusals.map(({ cause }) => cause))
    const some = readable.length === 0 ? 'none' : `${readable.length}`
    const message = `${some} of the ${texts.length} newest sessions can be read (${causes}): ${first.message}`
    explanation.refuse(first.cause, message, 'signatures')
    return
  }
  explanation.judged('signatures', `${readable.length} of the ${texts.length} newest sessions can be read`)
  checkVersion(readable, site, explanation)
}

function isReadable(text: string, site: Site): boolean {
  const match = findSignature(text, site, [expectedSalt(site)])
  return match !== null && 'data' in match.decoded
}

function checkVersion(rows: readonly StoredRow[], site: Site, explanation: Explanation): void {
  const { DJANGO_VERSION: version, DEFAULT_HASHING_ALGORITHM: algorithm } = site.settings
  if (version === undefined) return
  const old = rows.filter(({ text }) => isOldSignedText(text)).length
  const writesNew = writesSignedSessions(version, algorithm)
  if (writesNew && old > rows.length / 2) {
    explanation.refuse(
      'other_version',
      `most sessions are of the format before Django 3.1, and DJANGO_VERSION is ${version}`,
      'version',
    )
  }
  if (!writesNew && old < rows.length / 2) {
    explanation.refuse(
      'other_version',
      `most sessions are of the format of Django 3.1 and newer, and DJANGO_VERSION is ${version}`,
      'version',
    )
  }
  const iso = rows.find((row) => typeof valueIn(row, EXPIRY_KEY, site) === 'string')
  if (iso !== undefined && !writesIsoExpiry(version)) {
    explanation.refuse(
      'other_version',
      `a session has an expiry as Django 4.1 and newer write it, and DJANGO_VERSION is ${version}`,
      'version',
    )
  }
}

function valueIn({ text }: StoredRow, name: string, site: Site): unknown {
  const match = findSignature(text, site, [expectedSalt(site)])
  return match !== null && 'data' in match.decoded ? match.decoded.data.get(name)?.decode() : undefined
}

const QUARTER_HOUR = 900
const FARTHEST_ZONE = 14 * 3600

/** A row tells twice when it was written: inside its signature in UTC, and by the end of its life in the site's zone. */
export async function checkRowTimes(site: Site, explanation: Explanation): Promise<void> {
  if (!hasRows(site)) return
  const rows = (await storedTexts(site)).filter((row) => valueIn(row, EXPIRY_KEY, site) === undefined)
  const offsets = rows.flatMap(({ text, expires }) => {
    const stamp = signedAt(text)
    if (stamp === null || expires === null || !isReadable(text, site)) return []
    // What Node touched lives longer than its signature says; what Django wrote, to the second.
    return [Math.round((expires.getTime() - stamp.getTime()) / 1000) - site.settings.SESSION_COOKIE_AGE]
  })
  const usual = mostCommon(offsets.map((seconds) => Math.round(seconds / 5) * 5))
  if (usual === null) {
    explanation.nothing('moments', 'no session tells when it was written')
    return
  }
  if (usual === 0) {
    explanation.judged('moments', 'expire_date is SESSION_COOKIE_AGE after the signature')
    return
  }
  const quarters = Math.round(usual / QUARTER_HOUR)
  if (Math.abs(usual) <= FARTHEST_ZONE && Math.abs(usual - quarters * QUARTER_HOUR) <= 5) {
    const [hours, side] = [Math.abs(quarters) / 4, quarters > 0 ? 'ahead of' : 'behind']
    explanation.refuse(
      'wrong_time_zone',
      `the table's moments are ${hours} h ${side} what USE_TZ and TIME_ZONE here make of them`,
      'moments',
    )
    return
  }
  const age = site.settings.SESSION_COOKIE_AGE
  explanation.refuse('wrong_age', `most sessions live ${age + usual} s, and SESSION_COOKIE_AGE is ${age} s`, 'moments')
}

/** Null where none has the half. */
function mostCommon(values: readonly number[]): number | null {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const [best] = Array.from(counts).sort(([, one], [, other]) => other - one)
  return best !== undefined && best[1] * 2 >= values.length ? best[0] : null
}
