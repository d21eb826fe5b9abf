import { createBridge, settingsFromEnv } from 'django-session-bridge'
import { djangoSessions, withUser } from 'django-session-bridge/fetch'
import { serve } from 'srvx'

declare module 'django-session-bridge' {
  interface DjangoSessionData {
    visits: number
  }
}

const bridge = createBridge(settingsFromEnv())

const home = djangoSessions(bridge, async (_request, django) => {
  const session = await django.session()
  session.transform('visits', (count = 0) => count + 1)
  return Response.json({ visits: session.get('visits') }) // returned when the session is saved
})

const reports = djangoSessions(
  bridge,
  withUser((_request, user) => new Response(`Reports for ${user.username}`)), // others go to LOGIN_URL, or get 401
)

serve({
  hostname: '127.0.0.1',
  port: Number(process.env.PORT ?? 3000),
  fetch: (request) => (new URL(request.url).pathname === '/reports' ? reports(request) : home(request)),
})
