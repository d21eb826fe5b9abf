/** The Node half of the site: the same shop, the same session, in Express. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Bridge } from 'django-session-bridge'
import { djangoSessions, originCheck } from 'django-session-bridge/express'
import express, { type Express } from 'express'
import { homePage } from './page.ts'

declare module 'django-session-bridge' {
  interface DjangoSessionData {
    cart: string[]
  }
}

const STYLE = readFileSync(resolve(import.meta.dirname, '../python-fixtures/project/fixture/static/site.css'))

export function shop(bridge: Bridge, djangoUrl: () => string): Express {
  const app = express()
  app.disable('x-powered-by')
  app.get('/site.css', (_, response) => {
    response.type('css').send(STYLE)
  })
  app.use(djangoSessions(bridge), originCheck(), express.urlencoded({ extended: false, limit: '2kb' }))

  app.get('/', async (request, response) => {
    const user = await request.django.user()
    const session = await request.django.session()
    const { claims } = request.django
    response.type('html').send(homePage({ user, cart: session.get('cart') ?? [], claims, djangoUrl: djangoUrl() }))
  })

  app.post('/cart/add', async (request, response) => {
    const session = await request.django.session()
    const item = String(request.body?.item ?? 'something').slice(0, 60)
    session.transform('cart', (cart = []) => [...cart, item])
    response.redirect(303, '/')
  })

  app.post('/logout', async (request, response) => {
    const session = await request.django.session()
    await session.flush()
    response.redirect(303, '/')
  })
  return app
}
