/** The contexts of one request: a bridge has one, however often it is mounted. */
import type { Bridge } from '../bridge.ts'
import type { DjangoContext } from '../context.ts'

const OPENED = Symbol('opened by djangoSessions')

/** Of one bridge; `earlier` is that of another, mounted before. Nothing of it shows when a request is printed. */
class Opened {
  readonly #bridge: Bridge
  readonly #django: DjangoContext
  readonly #earlier: Opened | undefined

  constructor(bridge: Bridge, django: DjangoContext, earlier: Opened | undefined) {
    this.#bridge = bridge
    this.#django = django
    this.#earlier = earlier
  }

  of(bridge: Bridge): DjangoContext | undefined {
    return this.#bridge === bridge ? this.#django : this.#earlier?.of(bridge)
  }

  get earlier(): Opened | undefined {
    return this.#earlier
  }
}

interface WithContexts {
  [OPENED]?: Opened | undefined
}

/** The context that a bridge has for a request; undefined where it has none. */
export function contextOf(bridge: Bridge, request: object): DjangoContext | undefined {
  return (request as WithContexts)[OPENED]?.of(bridge)
}

export function keepContext(bridge: Bridge, request: object, django: DjangoContext): void {
  const carrier: WithContexts = request
  carrier[OPENED] = new Opened(bridge, django, carrier[OPENED])
}

/** For a request that may be answered once more: forgets the context that was kept last. */
export function forgetContext(request: object): void {
  const carrier: WithContexts = request
  carrier[OPENED] = carrier[OPENED]?.earlier
}

/**
 * The context of a request for the handlers of one of several bridges. `request.django` and a handler's parameter are
 * those of the bridge that was mounted last.
 * @throws TypeError when the bridge is not mounted before this handler
 */
export function djangoOf(bridge: Bridge, request: object): DjangoContext {
  const django = contextOf(bridge, request)
  if (django !== undefined) return django
  throw new TypeError('djangoSessions(bridge) of this bridge is not mounted before this handler: mount it.')
}
