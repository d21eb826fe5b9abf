import { createBridge, settingsFromEnv } from 'django-session-bridge'
import { djangoSessions, originCheck } from 'django-session-bridge/express'
import express from 'express'

declare module 'django-session-bridge' {
  interface DjangoSessionData {
    cart: string[] // what the site keeps in its sessions; `get('cart')` then has this type
  }
}

const bridge = createBridge(settingsFromEnv())
const app = express()
app.use(djangoSessions(bridge))
app.use(originCheck()) // refuses POSTs that come from other sites' pages

app.get('/cart', async (request, response) => {
  const session = await request.django.session()
  response.json(session.get('cart') ?? [])
})

app.post('/cart/:item', async (request, response) => {
  const session = await request.django.session()
  const { item } = request.params
  session.transform('cart', (cart = []) => [...cart, item]) // two tabs at once: both items are kept
  response.redirect(303, '/cart') // held back until the session is saved
})

app.post('/logout', async (request, response) => {
  const session = await request.django.session()
  await session.flush() // row, values and cookie are gone, for Django too
  response.redirect(303, '/')
})

app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
