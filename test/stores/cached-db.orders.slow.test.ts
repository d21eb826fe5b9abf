/** Every order of the steps of requests that share one session: no copy of Node's is ever older than its row. */
import type { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { sqliteFixture, type TestDatabase } from '../contracts/database-fixtures.ts'
import { inEveryOrder, type OrderOptions } from './every-order.ts'
import { type Findings, type Role, type Scene, sharedSession } from './shared-session.ts'

let fixture: TestDatabase & { client: DatabaseSync }
beforeAll(async () => {
  fixture = await sqliteFixture()
  // Writers that meet pause before they try again; nothing is to be waited for here.
  vi.stubGlobal('setTimeout', (act: () => void, milliseconds: number) => {
    if (milliseconds < 20) queueMicrotask(act)
  })
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await fixture.close()
})

async function orders(scene: Scene, options: OrderOptions = {}): Promise<Findings & { runs: number }> {
  const found: Findings = { byNode: [], byDjango: [] }
  const runs = await inEveryOrder(() => sharedSession(fixture, scene, found), options)
  return { ...found, runs }
}

/** Each role with each later one. */
function pairsOf(roles: readonly Role[]): [Role, Role][] {
  return roles.flatMap((one, place) => roles.slice(place + 1).map((other): [Role, Role] => [one, other]))
}

const NODE: readonly Role[] = ['Node reads', 'Node saves', 'Node renews', 'Node cycles', 'Node logs out']
const DJANGO: readonly Role[] = ['Django reads', 'Django saves', 'Django logs out']
const NODE_PAIRS: readonly [Role, Role][] = [['Node saves', 'Node saves more'], ...pairsOf(NODE)]
const MIXED_PAIRS = NODE.flatMap((one) => DJANGO.map((other): [Role, Role] => [one, other]))
/** Steps before which one may be killed: of these, only a cycle makes more. */
const STEPS = 6

describe.each([{ isWarm: true }, { isWarm: false }])('S36: orders of steps, with a copy at first: $isWarm', (scene) => {
  const { isWarm } = scene
  test.each(NODE_PAIRS)('%s, %s', async (...roles) => {
    const { byNode, byDjango, runs } = await orders({ roles, isWarm })
    expect([...byNode, ...byDjango]).toEqual([])
    expect(runs).toBeGreaterThan(isWarm && roles.includes('Node reads') ? 2 : 10)
  })

  test.each(NODE_PAIRS)('%s, %s, and one of the two is killed', async (...roles) => {
    for (const actor of roles) {
      for (let before = 0; before < STEPS; before++) {
        const { byNode } = await orders({ roles, isWarm }, { killed: { actor, before } })
        expect(byNode, `${actor} before step ${before}`).toEqual([])
      }
    }
  })

  test.each(MIXED_PAIRS)('%s, %s', async (...roles) => {
    const { byNode } = await orders({ roles, isWarm })
    expect(byNode).toEqual([])
  })

  test.each<[Role, Role]>([
    ['Node saves', 'Node saves more'],
    ['Node saves', 'Node cycles'],
    ['Node renews', 'Node logs out'],
  ])('%s, %s: a store that puts its copies without a look at what is there is found out', async (...roles) => {
    const { byNode } = await orders({ roles, isWarm, isCareless: true })
    expect(byNode.length).toBeGreaterThan(0)
  })
})

test.each<[Role, Role, Role]>([
  ['Node reads', 'Node saves', 'Node logs out'],
  ['Node reads', 'Node saves', 'Node saves more'],
  ['Node reads', 'Django reads', 'Node saves'],
  ['Node reads', 'Django saves', 'Node logs out'],
])('S36: %s, %s, %s, with up to two interruptions', async (...roles) => {
  const { byNode, runs } = await orders({ roles, isWarm: false }, { mostInterruptions: 2 })
  expect(byNode).toEqual([])
  expect(runs).toBeGreaterThan(50)
})

test('what Django itself puts back after a logout is Django’s, and only what it puts after Node’s last look', async () => {
  const alone = await orders({ roles: ['Django reads', 'Django logs out'], isWarm: false })
  expect(alone.byDjango.length).toBeGreaterThan(0)
  const { byDjango } = await orders({ roles: ['Django reads', 'Node logs out'], isWarm: false })
  for (const order of byDjango) expect(order).toMatch(/Node logs out reads the cache, Django reads writes the cache$/)
  expect(byDjango.length).toBeGreaterThan(0)
})
