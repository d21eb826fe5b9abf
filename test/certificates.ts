/** Certificates of an authority of our own, made by `openssl`, in a folder of their own. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificates {
  /** Files in PEM. */
  readonly authority: string
  readonly server: KeyPair
  readonly client: KeyPair
  drop(): void
}

interface KeyPair {
  readonly certificate: string
  /** A client's is encrypted with `PASSPHRASE`. */
  readonly key: string
}

export const PASSPHRASE = 'open sesame'

/** Why there can be none here; null when there can. */
export function missingOpenssl(): string | null {
  return spawnSync('openssl', ['version']).status === 0 ? null : 'no openssl on the PATH'
}

/** @param host the one name that the server's certificate is good for */
export function makeCertificates(host: string): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  const file = (name: string): string => join(folder, name)
  const openssl = (...parameters: string[]): void => void execFileSync('openssl', parameters, { stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj']
  // Python from 3.13 on insists on what an authority's key is for, and on who signed.
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  const made = ['-keyout', file('ca.key'), '-out', file('ca.pem')]
  openssl('req', '-x509', '-nodes', '-days', '2', ...newKey, '/CN=authority', ...usage, ...made)

  function pair(name: string, extension: string, secret: readonly string[]): KeyPair {
    const [key, request, certificate, extensions] = ['key', 'csr', 'pem', 'cnf'].map((end) =>
      file(`${name}.${end}`),
    ) as [string, string, string, string]
    writeFileSync(extensions, `authorityKeyIdentifier=keyid\n${extension}\n`)
    openssl('req', '-new', ...secret, ...newKey, `/CN=${name}`, '-keyout', key, '-out', request)
    const signer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial']
    openssl('x509', '-req', '-days', '2', '-in', request, ...signer, '-extfile', extensions, '-out', certificate)
    return { certificate, key }
  }

  return {
    authority: file('ca.pem'),
    server: pair('server', `subjectAltName=DNS:${host}`, ['-nodes']),
    client: pair('client', 'extendedKeyUsage=clientAuth', ['-passout', `pass:${PASSPHRASE}`]),
    drop: () => rmSync(folder, { recursive: true, force: true }),
  }
}
