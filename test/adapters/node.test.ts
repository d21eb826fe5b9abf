import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { describe } from 'vitest'
import {
  type DjangoHandler,
  djangoSessions,
  type NodeRequest,
  type NodeResponse,
  originCheck,
  withUser,
} from '../../src/adapters/node.ts'
import type { Bridge } from '../../src/bridge.ts'
import { adapterContract, type Pages } from '../contracts/adapter.ts'
import { errorAnswer, mapValues, overHttp1, overHttp2, sendAnswer } from './served.ts'

type Handler = DjangoHandler<NodeRequest, NodeResponse>

/** A listener for pages, the same for both versions of HTTP. */
function listener(bridge: Bridge, pages: Pages): (request: NodeRequest, response: NodeResponse) => void {
  const handlers: Record<string, Handler> = {
    ...mapValues(
      pages.open,
      (page): Handler =>
        async (_, response, django) =>
          sendAnswer(response, await page(django)),
    ),
    ...mapValues(pages.members, (page) =>
      withUser<NodeRequest, NodeResponse>((_, response, user, django) => sendAnswer(response, page(django, user))),
    ),
    ...mapValues(pages.ownOrigin, (page) =>
      originCheck<NodeRequest, NodeResponse>((_, response, django) => sendAnswer(response, page(django))),
    ),
  }
  const route: Handler = (request, response, django) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost')
    return handlers[pathname]?.(request, response, django)
  }
  return djangoSessions(bridge, route, {
    onError(error, _, response) {
      const { status, body } = errorAnswer(error)
      return sendAnswer(response, {
        status,
        headers: [['Content-Type', 'application/json']],
        body: JSON.stringify(body),
      })
    },
  })
}

describe('node:http', () => {
  adapterContract((bridge, pages) => overHttp1(createServer(listener(bridge, pages))))
})

describe('node:http2', () => {
  adapterContract((bridge, pages) => overHttp2(createHttp2Server(listener(bridge, pages))))
})
