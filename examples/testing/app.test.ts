import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import type { Bridge } from 'django-session-bridge'
import { djangoSessions } from 'django-session-bridge/node'
import { testSession } from 'django-session-bridge/testing'

// The code under test takes its bridge from outside.
const shop = (bridge: Bridge) =>
  djangoSessions(bridge, async (_request, response, django) => {
    const user = await django.user()
    const session = await django.session()
    session.transform('visits', (count) => Number(count ?? 0) + 1)
    response.end(`Hello, ${user?.username ?? 'stranger'}.`)
  })

test('greets the user and counts the visit', async (context) => {
  const site = await testSession({ user: { username: 'ada' }, data: { visits: 6 } })
  const server = createServer(shop(site.bridge)).listen(0, '127.0.0.1')
  context.after(() => server.close())
  context.after(() => site.close()) // or `await using site = …` above

  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: site.cookie } })
  assert.equal(await response.text(), 'Hello, ada.')
  assert.equal((await site.stored())?.visits, 7)
})
