/** A service of libpq's service file. @see https://www.postgresql.org/docs/current/libpq-pgservice.html */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { driverFault, named, SettingsError } from '../../errors.ts'

/**
 * @param file the keyword `servicefile` or PGSERVICEFILE; else that of the user's home, then the system's
 * @returns keywords and values, the first of each
 * @throws SettingsError when no file has the service, or one has what libpq would refuse
 */
export function readService(
  service: string,
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): [keyword: string, value: string][] {
  const files = [
    file ?? join(homedir(), '.pg_service.conf'),
    ...(env.PGSYSCONFDIR ? [join(env.PGSYSCONFDIR, 'pg_service.conf')] : SYSTEM_FILES),
  ]
  for (const path of files) {
    const found = serviceIn(textOf(path), service)
    if (found !== undefined) return found
  }
  throw new SettingsError(
    `DATABASES.default: no service file defines the service ${named(service)} (servicefile, PGSERVICEFILE, ` +
      '~/.pg_service.conf, or pg_service.conf in PGSYSCONFDIR).',
  )
}

/** Where packages of Debian, of Red Hat, and PostgreSQL's own look; which one libpq does was compiled into it. */
const SYSTEM_FILES = ['/etc/postgresql-common', '/etc/sysconfig/pgsql', '/usr/local/pgsql/etc'].map((folder) =>
  join(folder, 'pg_service.conf'),
)

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const cause = driverFault(error)
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return ''
    throw new SettingsError('DATABASES.default: a service file cannot be read.', { cause })
  }
}

function serviceIn(text: string, service: string): [string, string][] | undefined {
  const lines = text.split('\n').map((line) => line.trim())
  const start = lines.findIndex((line) => line.startsWith('[') && line.slice(1).startsWith(`${service}]`))
  if (start < 0) return undefined
  const rest = lines.slice(start + 1)
  const end = rest.findIndex((line) => line.startsWith('['))
  const own = (end < 0 ? rest : rest.slice(0, end)).filter((line) => line !== '' && !line.startsWith('#'))
  const found = own.map((line): [string, string] => {
    const [, keyword, value] = /^([^=]+)=(.*)$/.exec(line) ?? []
    if (keyword === undefined || value === undefined || keyword === 'service') {
      throw new SettingsError('DATABASES.default: the service file has a line that is not keyword=value.')
    }
    return [keyword, value]
  })
  // In libpq the first one counts.
  return [...new Map(found.reverse())]
}
