/** libpq's password file. @see https://www.postgresql.org/docs/current/libpq-pgpass.html */
import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface PasswordQuestion {
  /** The name of the server, or `localhost` for the standard socket. */
  readonly host: string
  readonly port: string
  readonly database: string
  readonly user: string
}

/** @param path the keyword `passfile`; the first line that fits gives the password, as in libpq */
export function passwordFrom(path: string | undefined, question: PasswordQuestion): string | undefined {
  const wanted = [question.host, question.port, question.database, question.user]
  for (const line of linesOf(path ?? defaultPath())) {
    if (line.startsWith('#')) continue
    const [fields, password] = fieldsOf(line)
    const fits = wanted.every((value, index) => fields[index] === '*' || unescaped(fields[index]) === value)
    if (password !== undefined && fits) return unescaped(password)
  }
  return undefined
}

function defaultPath(): string {
  const { APPDATA } = process.env
  if (process.platform === 'win32') return join(APPDATA ?? '', 'postgresql', 'pgpass.conf')
  return join(homedir(), '.pgpass')
}

/** None of a file that others may read, which libpq passes over with a warning. */
function linesOf(path: string): string[] {
  try {
    const { mode } = statSync(path)
    const isPrivate = process.platform === 'win32' || (mode & 0o077) === 0
    return isPrivate ? readFileSync(path, 'utf8').split(/\r?\n/) : []
  } catch {
    return []
  }
}

/** Four fields, each up to a colon without a backslash, and what follows them. */
function fieldsOf(line: string): [fields: string[], password: string | undefined] {
  const match = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):(.*)$/.exec(line)
  return [match?.slice(1, 5) ?? [], match?.[5]]
}

function unescaped(text: string | undefined): string | undefined {
  return text?.replace(/\\(.)/g, '$1')
}
