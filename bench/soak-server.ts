/**
 * The server of the soak, in a process of its own, on connections that the bridge opens itself. Told to close, it lets
 * go of everything; that the process then ends is for the parent to see.
 */
import type { AddressInfo } from 'node:net'
import { createBridge } from 'django-session-bridge'
import { djangoSessions } from 'django-session-bridge/express'
import express, { type Request } from 'express'
import { loginValues, SECRET_KEY } from '../test/site.ts'

/** What the parent process is told. */
export type SoakMessage = { readonly port: number } | { readonly heapUsed: number }

/** What every page answers. */
export interface SoakAnswer {
  readonly visits: number
  readonly cart: number
  readonly user: string | null
}

const MOST_ITEMS = 20

const bridge = createBridge({ SECRET_KEY, DEBUG: true, DATABASES: { default: process.env.SOAK_DATABASE ?? '' } })
const app = express()
app.use(djangoSessions(bridge))

const PAGES: Readonly<Record<string, (request: Request) => unknown>> = {
  read: () => undefined,
  async write({ django }) {
    const session = await django.session()
    session.set('visits', Number(session.get('visits') ?? 0) + 1)
  },
  /** Changes an array in place. */
  async cart({ django }) {
    const session = await django.session()
    const cart = session.setDefault('cart', []) as unknown as object[]
    if (cart.length === MOST_ITEMS) cart.shift()
    cart.push({ sku: `SKU-${cart.length}`, price: 1.5, tags: ['new'] })
  },
  async login({ django }) {
    const session = await django.session()
    session.update(loginValues())
    await session.cycleKey({ whenGone: 'create' })
  },
  async logout({ django }) {
    await (await django.session()).flush()
  },
}

for (const [name, act] of Object.entries(PAGES)) {
  app.get(`/${name}`, async (request, response) => {
    await act(request)
    const { django } = request
    const user = await django.user()
    const session = await django.session()
    const cart = session.get('cart')
    response.json({
      visits: Number(session.get('visits') ?? 0),
      cart: Array.isArray(cart) ? cart.length : 0,
      user: user?.username ?? null,
    } satisfies SoakAnswer)
  })
}

const server = app.listen(0, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }))
process.on('message', async (question) => {
  if (question === 'collect') {
    globalThis.gc?.()
    tell({ heapUsed: process.memoryUsage().heapUsed })
  } else {
    process.off('disconnect', leave)
    server.close()
    await bridge.close()
    process.disconnect()
  }
})

// A parent that was killed leaves nobody to serve; one that says goodbye wants to see the process end by itself.
process.on('disconnect', leave)

function leave(): void {
  process.exit(1)
}

function tell(message: SoakMessage): void {
  process.send?.(message)
}
