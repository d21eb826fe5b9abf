/** Texts of PostgreSQL for what it has types of its own for: arrays, intervals and hstore. */

/**
 * `{1,NULL,"a\"b",{…}}` as nested arrays of texts; undefined for text that is none, and with bounds of its own.
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function parsePostgresArray(text: string): unknown[] | undefined {
  const stack: unknown[][] = []
  let end = 0
  ITEM.lastIndex = 0
  for (let match = ITEM.exec(text); match !== null; match = ITEM.exec(text)) {
    end = ITEM.lastIndex
    const [token, quoted] = match
    const inner = stack.at(-1)
    if (token === '{') {
      const opened: unknown[] = []
      inner?.push(opened)
      stack.push(opened)
    } else if (token === '}') {
      stack.pop()
      if (stack.length === 0) return end === text.length ? inner : undefined
    } else if (token !== ',') {
      inner?.push(quoted === undefined ? (token === 'NULL' ? null : token) : unescaped(quoted))
    }
    if (stack.length === 0) return undefined
  }
  return undefined
}

const ITEM = /[{},]|"((?:[^"\\]|\\[\s\S])*)"|[^{},"\\]+/y

/**
 * The microseconds of `-1 days +02:03:04.5` or `1 year 2 mons`; a year has 365 days and a month 30, as in psycopg.
 * Undefined for another style of intervals.
 */
export function parsePostgresInterval(text: string): bigint | undefined {
  const match = INTERVAL.exec(text)
  if (match === null || text === '') return undefined
  const [, years = '0', months = '0', days = '0', sign = '', hours = '0', minutes = '0', seconds = '0', fraction = ''] =
    match
  const clock =
    ((BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds)) * 1_000_000n + BigInt(fraction.padEnd(6, '0'))
  const wholeDays = BigInt(years) * 365n + BigInt(months) * 30n + BigInt(days)
  return wholeDays * 86_400_000_000n + (sign === '-' ? -clock : clock)
}

const INTERVAL =
  /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?$/

/**
 * `"a"=>"1", "b"=>NULL` as an object of texts and nulls; undefined for text that is none.
 * @see https://www.postgresql.org/docs/current/hstore.html
 */
export function parsePostgresHstore(text: string): Record<string, string | null> | undefined {
  const entries: [string, string | null][] = []
  for (let at = 0; at < text.length; at = ENTRY.lastIndex) {
    ENTRY.lastIndex = at
    const [, key = '', value] = ENTRY.exec(text) ?? []
    if (ENTRY.lastIndex === 0) return undefined
    entries.push([unescaped(key), value === undefined ? null : unescaped(value)])
  }
  return Object.fromEntries(entries)
}

const ENTRY = /"((?:[^"\\]|\\[\s\S])*)"=>(?:NULL|"((?:[^"\\]|\\[\s\S])*)")(?:, (?=")|$)/y

function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, '$1')
}
