import type { Event } from './event.ts'

/** An event of Node's for tests, that took ten milliseconds from its start, under the key `old`. */
export function sampleEvent(id: number, start: number, given: Partial<Event> = {}): Event {
  return {
    id,
    operation: 'read',
    browser: 1,
    tab: 'a',
    cookie: 'old',
    side: 'node',
    start,
    end: start + 10,
    outcome: 'ok',
    seen: null,
    sent: null,
    ...given,
  }
}
