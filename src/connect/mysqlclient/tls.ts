/**
 * `ssl` and `ssl_mode` of mysqlclient. Its two C libraries differ: without either MySQL's takes TLS where the server has
 * it and MariaDB's does not; on MariaDB's REQUIRED and `ssl` go on without TLS where the server has none. Here TLS is
 * taken where it can be had, and whoever asks for it gets it or an error.
 */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import * as nodeTls from 'node:tls'
import { createSecureContext } from 'node:tls'
import { driverFault, named, SettingsError } from '../../errors.ts'
import { text } from './options.ts'

/** What `mysql2` is given as `ssl`. */
export interface MysqlTls {
  readonly ca?: Buffer | string[]
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly ciphers?: string
  readonly rejectUnauthorized: boolean
  readonly verifyIdentity: boolean
}

const MODES = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY']
const FILES = ['ca', 'cert', 'key']

/** @returns what a connection tries, in order; false is none. @throws SettingsError for what cannot be meant */
export function tlsAttempts(
  options: Readonly<Record<string, unknown>>,
  host: string | undefined,
): readonly (MysqlTls | false)[] {
  const { ssl } = options
  const paths = pathsOf(options)
  const asks = ssl === true || Object.keys(paths).length > 0
  const mode = text(options, 'ssl_mode') ?? (ssl === false ? 'DISABLED' : asks ? 'REQUIRED' : 'PREFERRED')
  if (!MODES.includes(mode)) {
    throw new SettingsError(`DATABASES.default: OPTIONS.ssl_mode must be ${MODES.join(', ')}, in capitals.`)
  }
  if (mode === 'DISABLED') {
    if (!asks) return [false]
    throw new SettingsError(
      'DATABASES.default: OPTIONS.ssl_mode DISABLED contradicts OPTIONS.ssl: leave one of them out.',
    )
  }
  const verifyIdentity = mode === 'VERIFY_IDENTITY'
  if (verifyIdentity && host !== undefined && isIP(host) !== 0) {
    throw new SettingsError(
      'DATABASES.default: OPTIONS.ssl_mode VERIFY_IDENTITY needs the name of the server in HOST, not its address.',
    )
  }
  const { cipher, ...files } = paths
  const verifies = mode.startsWith('VERIFY')
  const tls: MysqlTls = {
    ...(verifies && files.ca === undefined && { ca: nodeTls.getCACertificates('system') }),
    ...Object.fromEntries(Object.entries(files).map(([name, path]) => [name, contentOf(name, path)])),
    ...(cipher !== undefined && { ciphers: cipher }),
    rejectUnauthorized: verifies || files.ca !== undefined,
    verifyIdentity,
  }
  checkTls(tls)
  return mode === 'PREFERRED' && !asks ? [tls, false] : [tls]
}

function pathsOf(options: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const ssl = options.ssl ?? {}
  if (typeof ssl !== 'object' && typeof ssl !== 'boolean') {
    throw new SettingsError('DATABASES.default: OPTIONS.ssl must be a dictionary with ca, cert and key, or a switch.')
  }
  const given = {
    ca: text(options, 'ssl_ca') ?? text(options, 'ssl-ca'),
    cert: text(options, 'ssl_cert'),
    key: text(options, 'ssl_key'),
    ...(typeof ssl === 'object' && ssl),
  }
  const found = Object.entries(given).filter(([, path]) => path !== undefined && path !== null)
  for (const [name, path] of found) {
    if (![...FILES, 'cipher'].includes(name) || typeof path !== 'string') {
      throw new SettingsError(
        `DATABASES.default: OPTIONS.ssl.${named(name)} is not supported; ca, cert, key and cipher are.`,
      )
    }
  }
  return Object.fromEntries(found) as Record<string, string>
}

function contentOf(name: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new SettingsError(`DATABASES.default: the file of OPTIONS.ssl.${name} cannot be read.`, {
      cause: driverFault(error),
    })
  }
}

function checkTls({ ca, cert, key, ciphers }: MysqlTls): void {
  try {
    createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(ciphers && { ciphers }) })
  } catch (error) {
    throw new SettingsError(
      'DATABASES.default: the files of OPTIONS.ssl cannot be used: one is not PEM, the key is another certificate’s, or ' +
        'it needs a password.',
      { cause: driverFault(error) },
    )
  }
}
