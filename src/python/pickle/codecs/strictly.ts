/** What Python's own classes take when they are unpickled, and what of it is read here. */
import { PickleForbidden } from '../../../errors.ts'
import type { PickleCodec, PickledInstance } from '../pickle-codec.ts'
import { pathOf } from '../pickle-node.ts'

export interface Takes {
  /** The fewest and the most arguments. */
  readonly args: readonly [number, number]
  /** Whether there may be a state. Default false. */
  readonly state?: boolean
  /** Whether keys may be set in it. Default false. */
  readonly entries?: boolean
}

/**
 * A codec that refuses what its class does not take, instead of reading the rest.
 * @param takes of one of its classes, by its path
 */
export function strictly<T>(takes: (path: string) => Takes, codec: PickleCodec<T>): PickleCodec<T> {
  return {
    ...codec,
    decode(instance) {
      check(instance, takes(pathOf(instance.of)))
      return codec.decode(instance)
    },
  }
}

function check({ args, kwargs, state, items, entries }: PickledInstance, takes: Takes): void {
  const [fewest, most] = takes.args
  const isTaken =
    args.length >= fewest &&
    args.length <= most &&
    items.length === 0 &&
    (entries.length === 0 || takes.entries === true) &&
    (state === undefined || takes.state === true)
  if (!isTaken) throw new TypeError('The class takes other arguments.')
  if (Object.keys(kwargs).length > 0) throw new TypeError('The class takes no keyword arguments.')
}

/** For what Python reads and this library does not: the value is kept as it came. */
export function notReadHere(instance: PickledInstance): never {
  throw new PickleForbidden(pathOf(instance.of))
}
