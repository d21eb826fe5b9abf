/** What settings say of a connection to PostgreSQL means to Node what it means to Django: with TLS, and without. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { checkPostgres, openPostgres } from '../../src/connect/postgres.ts'
import { startDeadline } from '../../src/deadline.ts'
import { databaseSettings } from '../../src/settings/database-url.ts'
import { type Certificates, makeCertificates, missingOpenssl, PASSPHRASE } from '../certificates.ts'
import { FOLLOWED, HARMLESS, ONE_VALUE, REFUSED } from '../connect/libpq-keywords.ts'
import { type PrivateCluster, startPrivateCluster } from '../faults/private-cluster.ts'
import { type Oracle, startOracle } from './oracle.ts'

const ENGINE = 'django.db.backends.postgresql'
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

/** Each user is let in another way. */
const ACCESS = [
  'local all all trust',
  'hostssl all tls_only all trust',
  'hostnossl all plain_only all trust',
  'hostssl all by_certificate all trust clientcert=verify-ca',
  'host all by_password all scram-sha-256',
  'host all bridge all trust',
  'host all site all trust',
]

const python = inject('djangos')
  .flatMap((django) => ('python' in django ? [django.python] : []))
  .at(-1)
const missing = missingOpenssl() ?? (python === undefined ? 'no Django' : null)

type Options = Readonly<Record<string, unknown>>

interface Connection {
  readonly HOST?: string
  readonly PORT?: number
  readonly USER?: string
  readonly PASSWORD?: string
  readonly NAME?: string
  readonly OPTIONS?: Options
  readonly env?: Readonly<Record<string, string>>
}

describe.skipIf(missing !== null)(`PostgreSQL as libpq reaches it${missing === null ? '' : ` (${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-connections-'))
  let certificates: Certificates
  let others: Certificates
  let oracle: Oracle
  /** One with TLS, whose certificate is good for `localhost`, and one without. */
  let secure: PrivateCluster
  let plain: PrivateCluster

  beforeAll(async () => {
    certificates = makeCertificates('localhost')
    others = makeCertificates('localhost')
    const { authority, server } = certificates
    secure = started(await startPrivateCluster({ access: ACCESS, tls: { authority, ...server } }))
    plain = started(await startPrivateCluster({ access: ACCESS }))
    oracle = startOracle(python ?? '', ['connections.py'])
    for (const { url } of [secure, plain]) await makeUsers(url)
  })
  afterAll(async () => {
    oracle.stop()
    for (const made of [certificates, others, secure, plain]) await made.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What becomes of a connection in each of the two; null where it fails. */
  async function both({ env = {}, ...given }: Connection, sql = 'SELECT current_user') {
    const database = { ENGINE, NAME: 'postgres', HOST: '127.0.0.1', USER: 'bridge', ...given }
    const django = await oracle
      .ask<{ tls: boolean; rows: string[][] }>({ op: 'connect', database, env, sql })
      .catch(() => null)
    return { django, node: await inNode(database, env, sql) }
  }

  async function inNode(database: Connection & { ENGINE: string; NAME: string }, env: Options, sql: string) {
    const surroundings = { ...process.env, ...env } as Record<string, string>
    try {
      const settings = databaseSettings('default', database)
      checkPostgres(settings, surroundings)
      const live = openPostgres(settings, { deadlineMs: 5000 }, surroundings)
      try {
        const tls = 'SELECT coalesce(bool_or(ssl), false) AS ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
        const [row] = await live.rows(tls, [], startDeadline(5000))
        const rows = await live.rows(sql, [], startDeadline(5000))
        return { tls: row?.ssl, rows: rows.map((each) => Object.values(each).map(String)) }
      } finally {
        await live.close()
      }
    } catch {
      return null
    }
  }

  const roots = ['none', 'its own', 'another', 'no file'] as const
  const rootOf = (root: (typeof roots)[number]): Options =>
    ({
      none: {},
      'its own': { sslrootcert: certificates.authority },
      another: { sslrootcert: others.authority },
      'no file': { sslrootcert: join(folder, 'nowhere.pem') },
    })[root]

  describe.each(MODES)('sslmode %s', (sslmode) => {
    test.each(roots)('and as authority %s, at every server, name and user', async (root) => {
      const cases = [secure, plain].flatMap(({ port: PORT }) =>
        ['localhost', '127.0.0.1'].flatMap((HOST) =>
          ['bridge', 'tls_only', 'plain_only', 'by_certificate'].map((USER) => ({ HOST, PORT, USER })),
        ),
      )
      const OPTIONS = { sslmode, ...rootOf(root) }
      const outcomes = await Promise.all(cases.map((given) => both({ ...given, OPTIONS })))
      const told = (side: 'django' | 'node') =>
        outcomes.map((outcome, index) => ({ ...cases[index], ...(outcome[side] ?? { failed: true }) }))
      expect(told('node')).toEqual(told('django'))
    })
  })

  const client = () => {
    chmodSync(certificates.client.key, 0o600)
    return { sslcert: certificates.client.certificate, sslkey: certificates.client.key, sslpassword: PASSPHRASE }
  }

  test.each<[string, (at: number) => Connection, accepted: boolean]>([
    ['without an sslmode', () => ({}), true],
    ['with a certificate of its own', () => ({ USER: 'by_certificate', OPTIONS: client() }), true],
    [
      'with a certificate and the wrong password for its key',
      () => ({ USER: 'by_certificate', OPTIONS: { ...client(), sslpassword: 'x', sslmode: 'require' } }),
      false,
    ],
    [
      'with a certificate that it may not show',
      () => ({ USER: 'by_certificate', OPTIONS: { ...client(), sslcertmode: 'disable' } }),
      false,
    ],
    ['with a host in OPTIONS', () => ({ HOST: '', OPTIONS: { host: '127.0.0.1' } }), true],
    ['with everything in OPTIONS', (port) => inOptions({ host: '127.0.0.1', port, user: 'site' }), true],
    ['with a socket', () => ({ HOST: secure.folder, OPTIONS: { sslmode: 'verify-full', sslrootcert: '' } }), true],
    ['with a socket that is not there', () => ({ HOST: folder }), false],
    ['with a password', () => ({ USER: 'by_password', PASSWORD: 'open sesame' }), true],
    ['with the wrong password', () => ({ USER: 'by_password', PASSWORD: 'open' }), false],
    ['with no password', () => ({ USER: 'by_password' }), false],
    ['with application_name', () => ({ OPTIONS: { application_name: 'shop' } }), true],
    ['with a role', () => ({ OPTIONS: { assume_role: 'site' } }), true],
    ['with a role whose name has a space', () => ({ OPTIONS: { assume_role: 'si te' } }), true],
    ['with options', () => ({ OPTIONS: { options: '-c search_path=shop' } }), true],
    ['with a range of versions', () => ({ OPTIONS: { ssl_min_protocol_version: 'TLSv1.3' } }), true],
    ['with keepalives and a time-out', () => ({ OPTIONS: { keepalives: 1, connect_timeout: 3 } }), true],
    ['with an unknown keyword', () => ({ OPTIONS: { sslmod: 'require' } }), false],
    ['with an unknown sslmode', () => ({ OPTIONS: { sslmode: 'always' } }), false],
    ['with sslmode by the environment', () => ({ env: { PGSSLMODE: 'disable' } }), true],
    ['with a host by the environment', () => ({ HOST: '', env: { PGHOST: '127.0.0.1' } }), true],
    ['with a user by the environment', () => ({ USER: '', env: { PGUSER: 'site' } }), true],
    ['with options by the environment', () => ({ env: { PGOPTIONS: '-c search_path=shop' } }), true],
    ['with a password by the environment', () => ({ USER: 'by_password', env: { PGPASSWORD: 'open sesame' } }), true],
    ['with a password file', (port) => passwordFile(port, 0o600), true],
    ['with a password file that others may read', (port) => passwordFile(port, 0o644), false],
    ['with a password file by the environment', (port) => byEnvironment(passwordFile(port, 0o600)), true],
    ['with a service', (port) => serviceFile(port, 'shop'), true],
    ['with a service that no file has', (port) => serviceFile(port, 'blog'), false],
    ['with a service by the environment', (port) => serviceByEnvironment(port), true],
  ])('%s', async (_, given, accepted) => {
    const sql =
      "SELECT current_user, current_setting('search_path'), current_setting('application_name') = 'shop' OR NULL"
    const { port: PORT } = secure
    const { django, node } = await both({ PORT, ...given(PORT) }, sql)
    expect(node).toEqual(django)
    expect(node !== null).toBe(accepted)
  })

  test('psycopg’s libpq has no keyword that is not decided about', async () => {
    const decided = [...HARMLESS, ...REFUSED, ...FOLLOWED, ...Object.keys(ONE_VALUE)]
    const keywords = await oracle.ask<string[]>({ op: 'keywords' })
    expect(keywords.length).toBeGreaterThan(30)
    expect(keywords.filter((keyword) => !decided.includes(keyword))).toEqual([])
  })

  test('nothing listens on a name of several', async () => {
    const database = { ENGINE, NAME: 'postgres', HOST: '127.0.0.1,127.0.0.1', PORT: secure.port, USER: 'bridge' }
    expect(() => checkPostgres(databaseSettings('default', database), {})).toThrow('several hosts are not supported')
  })

  function inOptions(options: Options): Connection {
    return { HOST: '', USER: '', PORT: undefined as never, OPTIONS: options }
  }

  function passwordFile(port: number, mode: number): Connection & { OPTIONS: { passfile: string } } {
    const passfile = join(folder, `pgpass-${mode}`)
    writeFileSync(passfile, `# mine\n*:1:*:*:no\n127.0.0.1:${port}:post\\gres:by_password:open\\ sesame\n`)
    chmodSync(passfile, mode)
    return { USER: 'by_password', OPTIONS: { passfile } }
  }

  function byEnvironment({ OPTIONS, ...rest }: Connection & { OPTIONS: { passfile: string } }): Connection {
    return { ...rest, env: { PGPASSFILE: OPTIONS.passfile } }
  }

  function serviceFile(port: number, service: string): Connection {
    const file = join(folder, 'pg_service.conf')
    writeFileSync(
      file,
      `# all\n[other]\nhost=nowhere\n[shop]\nhost=127.0.0.1\nport=${port}\nuser=site\n[last]\nport=1\n`,
    )
    const OPTIONS = { service }
    return {
      NAME: '',
      HOST: '',
      USER: '',
      PORT: undefined as never,
      OPTIONS,
      env: { PGSERVICEFILE: file, PGDATABASE: 'postgres' },
    }
  }

  function serviceByEnvironment(port: number): Connection {
    const { env, ...rest } = serviceFile(port, 'shop')
    return { ...rest, NAME: 'postgres', OPTIONS: {}, env: { ...env, PGSERVICE: 'shop' } }
  }
})

function started(server: PrivateCluster | { readonly missing: string }): PrivateCluster {
  if ('missing' in server) throw new Error(server.missing)
  return server
}

async function makeUsers(url: string): Promise<void> {
  const { default: pg } = await import('pg')
  const client = new pg.Client(url)
  await client.connect()
  for (const user of ['tls_only', 'plain_only', 'by_certificate', 'by_password', 'site', '"si te"']) {
    await client.query(`CREATE ROLE ${user} LOGIN PASSWORD 'open sesame'`)
  }
  await client.end()
}
