/**
 * sslmode and the files beside it, as libpq takes them. @see
 * https://www.postgresql.org/docs/current/libpq-ssl.html, and initialize_SSL in fe-secure-openssl.c
 */
import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { driverFault, SettingsError } from '../../errors.ts'
import type { Keywords } from './keywords.ts'

/** What `pg` is given as `ssl`: false for none. */
export type Tls = ConnectionOptions | false

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/**
 * @param isSocket a socket of this machine has no TLS, whatever the mode
 * @returns what a connection tries, in order
 * @throws SettingsError for what libpq would refuse before it connects
 */
export function tlsAttempts(keywords: Keywords, { isSocket }: { isSocket: boolean }): readonly Tls[] {
  const usesSystem = keywords.sslrootcert === 'system'
  const { sslmode = usesSystem ? 'verify-full' : 'prefer', sslnegotiation = 'postgres' } = keywords
  if (!MODES.includes(sslmode)) fail('sslmode', `must be one of ${MODES.join(', ')}`)
  if (!['postgres', 'direct'].includes(sslnegotiation)) fail('sslnegotiation', 'must be postgres or direct')
  if (usesSystem && sslmode !== 'verify-full') fail('sslrootcert', 'as `system` needs sslmode verify-full')
  if (sslnegotiation === 'direct' && MODES.indexOf(sslmode) < MODES.indexOf('require')) {
    fail('sslnegotiation', 'as `direct` needs sslmode require, verify-ca or verify-full')
  }
  if (isSocket || sslmode === 'disable') return [false]
  const tls = tlsOf(keywords, sslmode)
  if (sslmode === 'prefer') return [tls, false]
  return sslmode === 'allow' ? [false, tls] : [tls]
}

function tlsOf(keywords: Keywords, sslmode: string): ConnectionOptions {
  const ca = authoritiesOf(keywords, sslmode)
  const options: ConnectionOptions = {
    // Wherever there is a file of authorities, whatever the mode, the server's certificate must come from one of them.
    rejectUnauthorized: ca !== undefined,
    ...(ca !== undefined && { ca }),
    ...(ca !== undefined && revoked(keywords.sslcrl)),
    ...(sslmode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...ownCertificate(keywords),
    minVersion: versionOf(keywords, 'ssl_min_protocol_version') ?? 'TLSv1.2',
    ...(keywords.ssl_max_protocol_version && { maxVersion: versionOf(keywords, 'ssl_max_protocol_version') }),
  } as ConnectionOptions
  try {
    createSecureContext(options)
  } catch (error) {
    throw new SettingsError(
      'DATABASES.default: the certificates and keys of sslrootcert, sslcert, sslkey, sslpassword and sslcrl cannot be ' +
        'used: one of the files is not PEM, or the key is another certificate’s or needs another password.',
      { cause: driverFault(error) },
    )
  }
  return options
}

function authoritiesOf({ sslrootcert }: Keywords, sslmode: string): string[] | Buffer | undefined {
  if (sslrootcert === 'system') return tls.getCACertificates('system')
  const ca = fileOf('sslrootcert', sslrootcert ?? standardFile('root.crt'))
  if (ca === undefined && sslmode.startsWith('verify')) {
    fail(
      'sslrootcert',
      `names no file, which sslmode ${sslmode} needs: give the file of the authority that signed the server's ` +
        'certificate, or `system`',
    )
  }
  return ca
}

function revoked(sslcrl: string | undefined): { crl?: Buffer } {
  const crl = fileOf('sslcrl', sslcrl ?? standardFile('root.crl'))
  return crl === undefined ? {} : { crl }
}

/** A certificate that is not there is not shown; one without its key is an error. */
function ownCertificate(keywords: Keywords): { cert?: Buffer; key?: Buffer; passphrase?: string } {
  const { sslcert, sslkey, sslcertmode = 'allow', sslpassword } = keywords
  if (!['allow', 'disable'].includes(sslcertmode)) fail('sslcertmode', 'is supported as allow or disable only')
  if (sslcertmode === 'disable') return {}
  const cert = fileOf('sslcert', sslcert ?? standardFile('postgresql.crt'))
  if (cert === undefined) return {}
  const keyFile = sslkey ?? standardFile('postgresql.key')
  const key = fileOf('sslkey', keyFile) ?? fail('sslkey', 'names no file, which the certificate of sslcert needs')
  if (isOpenToOthers(keyFile)) {
    fail('sslkey', 'names a file that others may read: libpq wants its mode to be 0600, or 0640 where root owns it')
  }
  return { cert, key, ...(sslpassword !== undefined && { passphrase: sslpassword }) }
}

function versionOf(keywords: Keywords, name: 'ssl_min_protocol_version' | 'ssl_max_protocol_version') {
  const given = keywords[name]
  if (given === undefined) return undefined
  const version = VERSIONS.find((one) => one.toLowerCase() === given.toLowerCase())
  return version ?? fail(name, `must be one of ${VERSIONS.join(', ')}`)
}

/** Where libpq looks for the files that nobody names. */
function standardFile(name: string): string {
  const { APPDATA } = process.env
  return process.platform === 'win32' ? join(APPDATA ?? '', 'postgresql', name) : join(homedir(), '.postgresql', name)
}

/** Undefined for a file that does not exist. */
function fileOf(keyword: string, path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    const cause = driverFault(error)
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined
    throw new SettingsError(`DATABASES.default: the file of ${keyword} cannot be read.`, { cause })
  }
}

function isOpenToOthers(path: string): boolean {
  if (process.platform === 'win32') return false
  const { mode, uid } = statSync(path)
  return (mode & (uid === 0 ? 0o027 : 0o077)) !== 0
}

function fail(keyword: string, what: string): never {
  throw new SettingsError(`DATABASES.default: ${keyword} ${what}.`)
}
