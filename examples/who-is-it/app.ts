import { createBridge, settingsFromEnv } from 'django-session-bridge'
import { djangoSessions, withUser } from 'django-session-bridge/express'
import express from 'express'

const bridge = createBridge(settingsFromEnv()) // SECRET_KEY, DATABASE_URL and what else differs from Django's defaults

const app = express()
app.use(djangoSessions(bridge)) // every handler behind it has request.django

app.get('/whoami', async (request, response) => {
  const user = await request.django.user() // verified as Django verifies it, or null
  response.json({ username: user?.username ?? null })
})

app.get(
  '/reports',
  withUser((_request, response, user) => {
    response.type('text').send(`Reports for ${user.username}`) // others go to LOGIN_URL, or get 401
  }),
)

// Fails here, not at the first request, when the database or the key is not the site's.
bridge.check().then(() => app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1'))
