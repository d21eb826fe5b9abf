/** Redis over TLS: whom real Django trusts this library trusts, and nobody else, and they share their sessions. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Certificates, makeCertificates, missingOpenssl, PASSPHRASE } from '../certificates.ts'
import { freePort } from '../free-port.ts'
import { missingRedisServer, type PrivateRedis, startPrivateRedis } from '../private-redis.ts'
import { sidesOn } from './cache-sides.ts'
import { openWith } from './live-site.ts'

const python = inject('djangos')
  .flatMap((django) => ('python' in django ? [django.python] : []))
  .at(-1)
const missing = missingRedisServer() ?? missingOpenssl() ?? (python === undefined ? 'no Django' : null)

interface TlsServer {
  readonly redis: PrivateRedis
  readonly port: number
}

type SetUp = (files: Certificates) => [server: TlsServer, host: string, OPTIONS: Readonly<Record<string, unknown>>]

describe.skipIf(missing !== null)(`Redis over TLS${missing === null ? '' : ` (${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'))
  let certificates: Certificates
  let open: TlsServer
  /** Asks clients for a certificate, too. */
  let closed: TlsServer

  async function start(clients: 'yes' | 'no'): Promise<TlsServer> {
    const port = await freePort()
    const { authority, server } = certificates
    const files = ['--tls-ca-cert-file', authority, '--tls-cert-file', server.certificate, '--tls-key-file', server.key]
    const redis = await startPrivateRedis('--tls-port', String(port), '--tls-auth-clients', clients, ...files)
    return { redis, port }
  }

  beforeAll(async () => {
    certificates = makeCertificates('localhost')
    ;[open, closed] = await Promise.all([start('no'), start('yes')])
  })
  afterAll(async () => {
    await Promise.all([open.redis.drop(), closed.redis.drop()])
    certificates.drop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Django makes a session and Node changes it; what each of them says. */
  async function outcomes(location: string, OPTIONS: Readonly<Record<string, unknown>>) {
    const cache = { BACKEND: 'django.core.cache.backends.redis.RedisCache', LOCATION: location, OPTIONS }
    const { bridge, inDjango, loadInDjango, stop } = sidesOn(cache, { python: python ?? '', folder })
    try {
      const key = await inDjango(null, { django: 1 }).catch((error: Error) => error)
      const context = openWith(bridge, `sessionid=${key instanceof Error ? 'a'.repeat(32) : key}`)
      const session = await context.session().catch((error: Error) => error)
      if (session instanceof Error || key instanceof Error) return { django: key, node: session }
      session.set('node', 2)
      await context.finish(200)
      return { django: await loadInDjango(key), node: [...session.entries()] }
    } finally {
      await stop()
    }
  }

  const shared = {
    django: {
      id: 1,
      dict: [
        [{ str: 'django' }, { int: '0x1' }],
        [{ str: 'node' }, { int: '0x2' }],
      ],
    },
    node: [
      ['django', 1],
      ['node', 2],
    ],
  }

  test.each<[string, SetUp]>([
    ['by its authority', ({ authority }) => [open, 'localhost', { ssl_ca_certs: authority }]],
    ['unseen', () => [open, 'localhost', { ssl_cert_reqs: 'none' }]],
    [
      'under another name',
      ({ authority }) => [open, '127.0.0.1', { ssl_ca_certs: authority, ssl_check_hostname: false }],
    ],
    [
      'that asks for a certificate',
      ({ authority, client }) => [
        closed,
        'localhost',
        {
          ssl_ca_certs: authority,
          ssl_certfile: client.certificate,
          ssl_keyfile: client.key,
          ssl_password: PASSPHRASE,
        },
      ],
    ],
  ])('both trust a server %s', async (_, setUp) => {
    const [{ port }, host, options] = setUp(certificates)
    expect(await outcomes(`rediss://${host}:${port}`, options)).toEqual(shared)
  })

  test.each<[string, code: unknown, SetUp]>([
    ['of an authority nobody knows', 'SELF_SIGNED_CERT_IN_CHAIN', () => [open, 'localhost', {}]],
    [
      'under a name that is not its own',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      ({ authority }) => [open, '127.0.0.1', { ssl_ca_certs: authority }],
    ],
    // Its alert, or the end of the connection, whichever comes first.
    [
      'that asks for a certificate',
      expect.any(String),
      ({ authority }) => [closed, 'localhost', { ssl_ca_certs: authority }],
    ],
  ])('neither uses a server %s', async (_, code, setUp) => {
    const [{ port }, host, options] = setUp(certificates)
    const { django, node } = await outcomes(`rediss://${host}:${port}`, options)
    expect(django).toBeInstanceOf(Error)
    expect(node).toMatchObject({ code: 'store_unavailable', reason: 'unreachable', cause: { code } })
  })
})
