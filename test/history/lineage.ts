/** What was put upon what, and which key was made from which. */
import { type Event, KEY_CHANGING } from './event.ts'

export interface Lineage {
  readonly byId: ReadonlyMap<number, Event>
  /** A stamp and those it was put upon, newest first. */
  chain(stamp: number | undefined): ReadonlySet<number>
  /** A key, and those that it was renewed from. */
  line(key: string | null): readonly Link[]
  /** Where two keys part; null for one that is the other, and for two that have nothing in common. */
  fork(one: string | null, other: string | null): Fork | null
}

export interface Link {
  readonly key: string
  /** What made it; unknown where no answer told. */
  readonly maker: Event | undefined
}

export interface Fork {
  /** The last key that both come from; null where one request made a session under two keys. */
  readonly key: string | null
  /** What renewed that key on the way to each; undefined for the key itself. */
  readonly one: Event | undefined
  readonly other: Event | undefined
}

export function lineageOf(events: readonly Event[]): Lineage {
  const byId = new Map(events.map((event) => [event.id, event]))
  const makers = makersOf(events)

  function line(key: string | null): Link[] {
    const links: Link[] = []
    for (let next = key; next !== null && links.every((link) => link.key !== next); ) {
      const maker = makers.get(next)
      links.push({ key: next, maker })
      next = maker !== undefined && isRenewal(maker) ? maker.cookie : null
    }
    return links
  }

  return {
    byId,
    line,
    chain: (from) => chainOf(from, byId),
    fork(one, other) {
      if (one === other) return null
      const [ours, theirs] = [line(one), line(other)]
      const at = ours.findIndex(({ key }) => theirs.some((link) => link.key === key))
      const key = ours[at]?.key
      if (key !== undefined) {
        const there = theirs.findIndex((link) => link.key === key)
        return { key, one: ours[at - 1]?.maker, other: theirs[there - 1]?.maker }
      }
      const maker = ours.at(-1)?.maker
      return maker !== undefined && maker === theirs.at(-1)?.maker ? { key: null, one: maker, other: maker } : null
    },
  }
}

/** A stamp and those it was put upon, newest first. */
export function chainOf(from: number | undefined, byId: ReadonlyMap<number, Event>): ReadonlySet<number> {
  const passed = new Set<number>()
  for (let stamp: number | null | undefined = from; typeof stamp === 'number' && !passed.has(stamp); ) {
    passed.add(stamp)
    stamp = byId.get(stamp)?.on
  }
  return passed
}

/** The stamp of a write, or that of what a logout saw. */
export function stampOf({ operation, id, seen }: Event): number | undefined {
  return operation === 'logout' ? seen?.by : id
}

/** The key under which a write left its mark, or that a logout ended. */
export function keyOf({ operation, cookie, sent }: Event): string | null {
  return operation === 'logout' ? cookie : sent || cookie
}

/** What made each key that a browser was sent, or that Django tried to add. */
function makersOf(events: readonly Event[]): ReadonlyMap<string, Event> {
  const makers = new Map<string, Event>()
  for (const event of events) {
    for (const key of [...(event.added ?? []), event.sent]) {
      if (key && key !== event.cookie && !makers.has(key)) makers.set(key, event)
    }
  }
  return makers
}

function isRenewal({ seen, operation }: Event): boolean {
  return seen !== null && KEY_CHANGING.includes(operation)
}
