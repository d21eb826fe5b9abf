/**
 * Plays in which several actors share a database and a cache: each run of a play has the actors' steps in another order,
 * until every order was seen that can lead to another end. Two orders that differ only in steps which do not concern
 * each other – in different places, or both reading – are one (sleep sets, Godefroid 1996).
 */
export interface Step {
  readonly place: string
  readonly writes: boolean
}

/** Waits for an actor's turn to make its next step. */
export type Turn = (step: Step) => Promise<void>

export interface Play {
  /** By name; each gets its own turns and ends when it is through. */
  readonly actors: Readonly<Record<string, (turn: Turn) => Promise<unknown>>>
  /** Looked at after every step; throws where something is wrong. */
  readonly look?: () => Promise<void>
  /** Looked at when all have ended. */
  readonly end: (story: readonly string[]) => Promise<void> | void
}

export interface OrderOptions {
  /** An actor that is killed before its step of that number, counted from 0. */
  readonly killed?: { readonly actor: string; readonly before: number }
  /** How often an actor may be interrupted that could go on. By default as often as there are steps. */
  readonly mostInterruptions?: number
}

interface Waiting {
  readonly step: Step
  readonly go: () => void
}

/** One point of a run at which there was a choice. */
interface Choice {
  readonly chosen: string
  /** Steps that lead nowhere new from here: they were tried, or are known from a point before. */
  readonly asleep: Map<string, Step>
  readonly enabled: ReadonlyMap<string, Step>
}

/** Runs a play in every order; returns how many. @param make a fresh play */
export async function inEveryOrder(make: () => Promise<Play>, options: OrderOptions = {}): Promise<number> {
  let runs = 0
  for (let prefix: Choice[] | null = []; prefix !== null; ) {
    const { choices, isWhole } = await run(await make(), prefix, options)
    if (isWhole) runs++
    prefix = next(choices)
  }
  return runs
}

/** The last point that has another choice, which is taken. */
function next(choices: Choice[]): Choice[] | null {
  for (let last = choices.pop(); last !== undefined; last = choices.pop()) {
    const { chosen, asleep, enabled } = last
    asleep.set(chosen, enabled.get(chosen) as Step)
    const other = awake(enabled, asleep)
    if (other !== undefined) return [...choices, { ...last, chosen: other }]
  }
  return null
}

function awake(enabled: ReadonlyMap<string, Step>, asleep: ReadonlyMap<string, Step>): string | undefined {
  return [...enabled.keys()].find((actor) => !asleep.has(actor))
}

function concern(one: Step, other: Step): boolean {
  return one.place === other.place && (one.writes || other.writes)
}

async function run(
  { actors, look, end }: Play,
  prefix: readonly Choice[],
  { killed, mostInterruptions }: OrderOptions,
): Promise<{ choices: Choice[]; isWhole: boolean }> {
  const waiting = new Map<string, Waiting>()
  const story: string[] = []
  const made = new Map<string, number>()
  /** Resolves when the one that runs waits again, or has ended. */
  let rests = Promise.withResolvers<void>()
  let failure: unknown

  const turnOf =
    (actor: string): Turn =>
    (step) =>
      new Promise((go) => {
        waiting.set(actor, { step, go })
        rests.resolve()
      })

  for (const [actor, act] of Object.entries(actors)) {
    rests = Promise.withResolvers()
    void act(turnOf(actor))
      .catch((error: unknown) => {
        failure = error
      })
      .finally(() => rests.resolve())
    await rests.promise
  }

  const choices: Choice[] = []
  let asleep = new Map<string, Step>()
  let last = ''
  let interruptions = 0
  for (;;) {
    let enabled = new Map<string, Step>()
    for (const [actor, { step }] of waiting) {
      const isKilled = killed?.actor === actor && (made.get(actor) ?? 0) >= killed.before
      if (!isKilled) enabled.set(actor, step)
    }
    if (enabled.size === 0) break
    const going = enabled.get(last)
    if (going !== undefined && interruptions === mostInterruptions) enabled = new Map([[last, going]])
    const known = prefix[choices.length]
    const own = known?.asleep ?? new Map(asleep)
    const chosen = known?.chosen ?? awake(enabled, own)
    if (chosen === undefined) return { choices, isWhole: false }
    choices.push({ chosen, asleep: own, enabled })
    const step = enabled.get(chosen) as Step
    if (going !== undefined && chosen !== last) interruptions++
    last = chosen
    // Orders that are the same but for interruptions may not both be within the limit.
    if (mostInterruptions === undefined) {
      asleep = new Map([...own].filter(([, sleeping]) => !concern(sleeping, step)))
    }
    const { go } = waiting.get(chosen) as Waiting
    waiting.delete(chosen)
    made.set(chosen, (made.get(chosen) ?? 0) + 1)
    story.push(`${chosen} ${step.writes ? 'writes' : 'reads'} ${step.place}`)
    rests = Promise.withResolvers()
    go()
    await rests.promise
    if (failure !== undefined) throw failure
    await look?.()
  }
  await end(story)
  return { choices, isWhole: true }
}
