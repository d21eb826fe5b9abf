/** What settings say of a connection to MySQL means to Node what it means to Django on mysqlclient. */
import { chmodSync, readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { checkMysql, openMysql } from '../../src/connect/mysql.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { startDeadline } from '../../src/deadline.ts'
import { type DatabaseDictionary, databaseSettings } from '../../src/settings/database-url.ts'
import { type Certificates, makeCertificates, missingOpenssl } from '../certificates.ts'
import { type PrivateMysql, startPrivateMysql } from '../private-mysql.ts'
import { type Oracle, startOracle } from './oracle.ts'

const mysqlclient = inject('mysqlclient')
const missing = missingOpenssl() ?? ('missing' in mysqlclient ? mysqlclient.missing : null)

type Options = Readonly<Record<string, unknown>>
interface Outcome {
  readonly tls: boolean
  readonly rows: string[][]
}

describe.skipIf(missing !== null)(`MySQL as mysqlclient reaches it${missing === null ? '' : ` (${missing})`}`, () => {
  let certificates: Certificates
  let others: Certificates
  let oracle: Oracle
  /** One with TLS, whose certificate is good for this machine's name, and one without. */
  let secure: PrivateMysql
  let plain: PrivateMysql

  beforeAll(async () => {
    certificates = makeCertificates(hostname())
    others = makeCertificates(hostname())
    const folder = dirname(certificates.authority)
    chmodSync(folder, 0o755)
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644)
    const { authority, server } = certificates
    const files = [`--ssl-ca=${authority}`, `--ssl-cert=${server.certificate}`, `--ssl-key=${server.key}`]
    secure = started(await startPrivateMysql(...files))
    plain = started(await startPrivateMysql())
    oracle = startOracle('python' in mysqlclient ? mysqlclient.python : '', ['connections.py'])
  })
  afterAll(async () => {
    oracle.stop()
    for (const made of [certificates, others, secure, plain]) await made.drop()
  })

  async function both(server: PrivateMysql, given: Partial<DatabaseDictionary>, sql = 'SELECT DATABASE()') {
    const PORT = Number(new URL(server.url).port)
    const database = {
      ENGINE: 'django.db.backends.mysql',
      NAME: 'mysql',
      HOST: '127.0.0.1',
      PORT,
      USER: 'root',
      ...given,
    }
    const django = await oracle.ask<Outcome>({ op: 'connect', database, sql }).catch(() => null)
    return { django, node: await inNode(database, sql) }
  }

  async function inNode(database: DatabaseDictionary, sql: string): Promise<Outcome | null> {
    try {
      const settings = databaseSettings('default', database)
      checkMysql(settings)
      const live = openMysql(settings, 5000, utcClock)
      try {
        const [row] = await live.rows("SHOW STATUS LIKE 'Ssl_cipher'", [], startDeadline(5000))
        const rows = await live.rows(sql, [], startDeadline(5000))
        return { tls: row?.Value !== '', rows: rows.map((each) => Object.values(each).map((one) => String(one))) }
      } finally {
        await live.close()
      }
    } catch {
      return null
    }
  }

  const MODES = [undefined, 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const
  const sslOf = (): Readonly<Record<string, unknown>> => ({
    nothing: undefined,
    switched: true,
    'its own': { ca: certificates.authority },
    another: { ca: others.authority },
    'no file': { ca: '/nowhere.pem' },
  })

  describe.each(MODES)('ssl_mode %s', (mode) => {
    test.each(['nothing', 'switched', 'its own', 'another', 'no file'])('and ssl %s', async (name) => {
      const ssl = sslOf()[name]
      const OPTIONS = { ...(mode && { ssl_mode: mode }), ...(ssl !== undefined && { ssl }) }
      const { django, node } = await both(secure, { HOST: hostname(), OPTIONS })
      // Without a word of TLS, MySQL's own C library takes it where it can be had, and MariaDB's does not.
      const isTaken = mode === undefined || mode === 'PREFERRED'
      expect(node).toEqual(isTaken && django ? { ...django, tls: true } : django)
      // Where TLS is asked for, a server without it is refused, which MariaDB's C library leaves to VERIFY modes.
      const asks = ssl !== undefined || !isTaken
      const without = await both(plain, { HOST: hostname(), OPTIONS })
      expect(without.node).toEqual(asks ? null : without.django)
    })
  })

  test('a certificate for another name is refused by VERIFY_IDENTITY, and not where a name is not asked for', async () => {
    const ssl = { ca: certificates.authority }
    const identity = await both(secure, { OPTIONS: { ssl, ssl_mode: 'VERIFY_IDENTITY' } })
    expect(identity).toEqual({ django: null, node: null })
    const { django, node } = await both(secure, { OPTIONS: { ssl } })
    expect(node).toEqual(django)
    expect(node?.tls).toBe(true)
    // To MySQL's C library VERIFY_CA is about the authority, to MariaDB's about the name as well.
    expect((await both(secure, { OPTIONS: { ssl, ssl_mode: 'VERIFY_CA' } })).node?.tls).toBe(true)
  })

  test.each<[string, () => Partial<DatabaseDictionary>, accepted: boolean]>([
    ['everything in OPTIONS', () => ({ NAME: 'x', HOST: 'nowhere.test', USER: 'x', OPTIONS: inOptions(plain) }), true],
    ['older names in OPTIONS', () => ({ NAME: 'x', PASSWORD: 'x', OPTIONS: { db: 'mysql', passwd: '' } }), true],
    ['a socket in HOST', () => ({ HOST: plain.socket }), true],
    ['a socket in OPTIONS', () => ({ HOST: '', OPTIONS: { unix_socket: plain.socket } }), true],
    ['charset and collation', () => ({ OPTIONS: { charset: 'latin1', collation: 'latin1_bin' } }), true],
    ['a statement for the beginning', () => ({ OPTIONS: { init_command: "SET @shop = 'x'" } }), true],
    ['time-outs', () => ({ OPTIONS: { connect_timeout: 3, read_timeout: 3, compress: false } }), true],
    ['an option that there is not', () => ({ OPTIONS: { sslmode: 'require' } }), false],
    ['a mode that there is not', () => ({ OPTIONS: { ssl_mode: 'required' } }), false],
    ['ssl that is none', () => ({ OPTIONS: { ssl: false } }), true],
  ])('%s', async (_, given, accepted) => {
    const { django, node } = await both(plain, given(), 'SELECT DATABASE(), @shop')
    expect(node).toEqual(django)
    expect(node !== null).toBe(accepted)
  })

  function inOptions(server: PrivateMysql): Options {
    return { host: '127.0.0.1', port: Number(new URL(server.url).port), user: 'root', database: 'mysql' }
  }
})

function started(server: PrivateMysql | { readonly missing: string }): PrivateMysql {
  if ('missing' in server) throw new Error(server.missing)
  return server
}
