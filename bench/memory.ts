/**
 * What a request of Express with a session in PostgreSQL allocates. The young generation is so large that nothing is
 * collected while the requests run.
 */
import { EXPRESS_CASES } from './express.ts'
import type { BenchGroup } from './groups.ts'
import { openLoad } from './load.ts'
import { type Contest, type Contestant, KILOBYTES } from './rounds.ts'
import { startServers } from './servers.ts'

const REQUESTS = 300
const CONNECTIONS = 4

export const memoryGroup: BenchGroup = async (tools) => {
  const servers = await startServers(tools, {
    node: ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'],
    postgres: '-c synchronous_commit=off',
  })
  if (servers === null) return []
  const contests: Contest[] = []
  for (const [title, { path, hasCookie }] of Object.entries(EXPRESS_CASES)) {
    const contestants: Contestant[] = []
    for (const server of servers) {
      const cookies = await server.newCookies(CONNECTIONS)
      const load = await openLoad(server.port, path, hasCookie ? cookies : cookies.map(() => ''))
      tools.defer(() => load.close())
      await load.send(REQUESTS)
      contestants.push({
        name: server.kind,
        async measure(runs) {
          const before = await server.heapUsed('collect')
          await load.send(runs)
          return (await server.heapUsed()) - before
        },
      })
    }
    contests.push({
      title: `memory that a request allocates, ${title}`,
      contestants,
      unit: KILOBYTES,
      ratio: 'theirs over ours',
      runs: REQUESTS,
    })
  }
  return contests
}
