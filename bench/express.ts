/**
 * A request of Express with a session in PostgreSQL or Redis: this library, express-session with connect-pg-simple or
 * connect-redis – with and without the write of its expiry on every request, which Django does not do – and no session.
 */
import type { BenchGroup, GroupTools } from './groups.ts'
import { openLoad } from './load.ts'
import type { Contest, Contestant } from './rounds.ts'
import { type BenchServer, startRedisServers, startServers } from './servers.ts'

/** As many as the servers' pools have connections. */
const CONNECTIONS = 4

export const EXPRESS_CASES = {
  'no cookie': { path: '/untouched', hasCookie: false },
  untouched: { path: '/untouched', hasCookie: true },
  read: { path: '/read', hasCookie: true },
  write: { path: '/write', hasCookie: true },
}

export const expressGroup: BenchGroup = async (tools) => contestsOf('PostgreSQL', await startServers(tools), tools)

export const redisGroup: BenchGroup = async (tools) => contestsOf('Redis', await startRedisServers(tools), tools)

async function contestsOf(
  store: string,
  servers: readonly BenchServer[] | null,
  tools: GroupTools,
): Promise<Contest[]> {
  if (servers === null) return []
  const contests: Contest[] = []
  for (const [title, { path, hasCookie }] of Object.entries(EXPRESS_CASES)) {
    const contestants: Contestant[] = []
    for (const server of servers) {
      const cookies = await server.newCookies(CONNECTIONS)
      const hasSessions = server.kind !== 'bare Express'
      tools.check(
        `${server.kind}: every connection has a session of its own`,
        new Set(cookies).size === (hasSessions ? CONNECTIONS : 1),
      )
      tools.check(
        `${server.kind}: a session counts its writes`,
        (await countedTo(server.port, cookies[0] ?? '')) === (hasSessions ? 3 : 1),
      )
      const load = await openLoad(server.port, path, hasCookie ? cookies : cookies.map(() => ''))
      tools.defer(() => load.close())
      contestants.push({ name: server.kind, measure: (runs) => load.send(Math.max(CONNECTIONS, runs)) })
    }
    contests.push({ title: `Express and ${store}, ${title}`, contestants })
  }
  return contests
}

/** The visits that a session has counted after two more. */
async function countedTo(port: number, cookie: string): Promise<number> {
  const headers = { cookie }
  const write = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${port}/write`, { headers })
    return ((await response.json()) as { visits: number }).visits
  }
  await write()
  return write()
}
