/** The session table beside the settings: is it there, who signed its rows, and when do they end. */
import { StoreUnavailable } from '../errors.ts'
import { writesIsoExpiry, writesSignedSessions } from '../settings/django-version.ts'
import { EXPIRY_KEY } from '../stores/session-expiry.ts'
import type { Explanation } from './explanation.ts'
import { expectedSalt, explainSigned, findSignature, isOldSignedText, signedAt } from './signed-text.ts'
import type { Site } from './site.ts'
import { hasRows, newestRows, type StoredRow, tableName } from './stored-rows.ts'

export async function checkTable(site: Site, explanation: Explanation): Promise<void> {
  if (!hasRows(site)) return
  const table = tableName(site)
  try {
    const rows = await newestRows(site)
    const others = rows.length === 0 ? await sessionTables(site) : []
    const [filled] = others.filter((name) => name !== table)
    if (filled === undefined)
      explanation.note('table', `${table}, ${rows.length === 0 ? 'no session in it' : 'with sessions'}`)
    else
      explanation.refuse(
        'wrong_table',
        `${table} is empty, and ${filled} has sessions: see options.sessionTable (--table)`,
      )
  } catch (error) {
    if (!(error instanceof StoreUnavailable) || error.reason !== 'missing') throw error
    const others = await sessionTables(site)
    const advice =
      others.length === 0
        ? 'no table has the columns of sessions: has `migrate` run?'
        : `${others.join(', ')} has the columns of sessions: see options.sessionTable (--table)`
    explanation.refuse('wrong_table', `there is no table ${table}; ${advice}`)
  }
}

/** Tables with Django's three columns that hold something, then those that are empty. */
async function sessionTables(site: Site): Promise<string[]> {
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
  return counted.sort((one, other) => Number(other.isFilled) - Number(one.isFilled)).map(({ name }) => name)
}

export async function checkRows(site: Site, explanation: Explanation): Promise<void> {
  if (!hasRows(site)) return
  const rows = await newestRows(site)
  if (rows.length === 0) return
  const readable = rows.filter(({ text }) => isReadable(text, site))
  if (readable.length === 0) {
    for (const { text } of rows) {
      const { refusal } = await explainSigned(text, site, { keyIsProven: async () => null })
      if (refusal !== null && refusal.cause !== 'expired' && refusal.cause !== 'tampered') {
        explanation.refuse(refusal.cause, `none of the ${rows.length} newest sessions can be read: ${refusal.message}`)
        return
      }
    }
    explanation.refuse('tampered', `none of the ${rows.length} newest sessions can be read: all are damaged`)
    return
  }
  explanation.note('sessions', `${readable.length} of the ${rows.length} newest can be read`)
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
    )
  }
  if (!writesNew && old < rows.length / 2) {
    explanation.refuse(
      'other_version',
      `most sessions are of the format of Django 3.1 and newer, and DJANGO_VERSION is ${version}`,
    )
  }
  const iso = rows.find((row) => typeof valueIn(row, EXPIRY_KEY, site) === 'string')
  if (iso !== undefined && !writesIsoExpiry(version)) {
    explanation.refuse(
      'other_version',
      `a session has an expiry as Django 4.1 and newer write it, and DJANGO_VERSION is ${version}`,
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
  const rows = (await newestRows(site)).filter((row) => valueIn(row, EXPIRY_KEY, site) === undefined)
  const offsets = rows.flatMap(({ text, expires }) => {
    const stamp = signedAt(text)
    if (stamp === null || expires === null || !isReadable(text, site)) return []
    // What Node touched lives longer than its signature says; what Django wrote, to the second.
    return [Math.round((expires.getTime() - stamp.getTime()) / 1000) - site.settings.SESSION_COOKIE_AGE]
  })
  const usual = mostCommon(offsets.map((seconds) => Math.round(seconds / 5) * 5))
  if (usual === null || usual === 0) return
  const quarters = Math.round(usual / QUARTER_HOUR)
  if (Math.abs(usual) <= FARTHEST_ZONE && Math.abs(usual - quarters * QUARTER_HOUR) <= 5) {
    const [hours, side] = [Math.abs(quarters) / 4, quarters > 0 ? 'ahead of' : 'behind']
    explanation.refuse(
      'wrong_time_zone',
      `the table's moments are ${hours} h ${side} what USE_TZ and TIME_ZONE here make of them`,
    )
    return
  }
  const age = site.settings.SESSION_COOKIE_AGE
  explanation.refuse('wrong_age', `most sessions live ${age + usual} s, and SESSION_COOKIE_AGE is ${age} s`)
}

/** Null where none has the half. */
function mostCommon(values: readonly number[]): number | null {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const [best] = Array.from(counts).sort(([, one], [, other]) => other - one)
  return best !== undefined && best[1] * 2 >= values.length ? best[0] : null
}
