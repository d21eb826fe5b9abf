import { createServer } from 'node:http'
import { createBridge, settingsFromEnv } from 'django-session-bridge'
import { djangoSessions, originCheck, withUser } from 'django-session-bridge/node'

const bridge = createBridge(settingsFromEnv())

const reports = withUser((_request, response, user) => {
  response.end(`Reports for ${user.username}`) // others go to LOGIN_URL, or get 401
})

const logout = originCheck(async (_request, response, django) => {
  const session = await django.session()
  await session.flush()
  response.writeHead(303, { Location: '/' }).end() // held back until the session is saved
})

createServer(
  djangoSessions(bridge, async (request, response, django) => {
    if (request.url === '/reports') return reports(request, response, django)
    if (request.url === '/logout' && request.method === 'POST') return logout(request, response, django)
    const user = await django.user()
    return response.end(`Hello, ${user?.username ?? 'stranger'}.\n`)
  }),
).listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
