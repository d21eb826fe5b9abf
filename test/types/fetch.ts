/** Compiled, never run: what a handler from Request to Response is given. */
import type { Bridge } from 'django-session-bridge'
import { type DjangoHandler, djangoSessions, originCheck, withUser } from 'django-session-bridge/fetch'

interface RouteContext {
  readonly params: Promise<{ id: string }>
}

export function routes(bridge: Bridge): ((request: Request, context: RouteContext) => Promise<Response>)[] {
  const show: DjangoHandler<[RouteContext]> = async (request, django, { params }) => {
    const session = await django.session()
    const { id } = await params
    return Response.json([request.url, id.trim(), session.get('visits')?.toFixed()])
  }
  return [
    djangoSessions(bridge, show),
    djangoSessions(
      bridge,
      originCheck(
        withUser<[RouteContext]>((_request, user, _django, { params }) => Response.json([user.phone.trim(), params])),
      ),
    ),
    djangoSessions(bridge, async () => new Response(), {
      // @ts-expect-error: an error is answered with a Response
      onError: () => 'sorry',
    }),
    // @ts-expect-error: a handler answers
    djangoSessions(bridge, async (_request, django) => {
      await django.session()
    }),
  ]
}

export function fetchHandler(bridge: Bridge): (request: Request) => Promise<Response> {
  return djangoSessions(bridge, (request) => new Response(request.url))
}
