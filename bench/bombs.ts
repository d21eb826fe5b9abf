/** What bombs take until they are refused, as parts of what is promised. In a process of their own, for the memory's sake. */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { PICKLE_BOMBS, ZIPPED_BOMBS } from '../test/python/pickle/bombs.ts'
import type { BombNews } from './bomb-reader.ts'
import type { BenchGroup } from './groups.ts'
import { type Contest, MILLISECONDS } from './rounds.ts'

/** Nanoseconds of the processor, and bytes allocated, given back or not. */
const PROMISED: BombNews = { time: 50e6, memory: 64 << 20 }
const MEBIBYTES = { name: 'MiB', size: 1 << 20 }

export const BOMB_CONTESTS: Readonly<Record<keyof BombNews, string>> = {
  time: 'bombs, time until refused',
  memory: 'bombs, memory until refused',
}

export const bombGroup: BenchGroup = async ({ check, defer }) => {
  const names = [...PICKLE_BOMBS.map(({ name }) => name), ...ZIPPED_BOMBS.map(([name]) => `${name}, zipped`)]
  // Nothing is collected while a bomb is read.
  const reader = fork(join(import.meta.dirname, 'bomb-reader.ts'), {
    execArgv: ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'],
  })
  defer(() => reader.disconnect())
  const read = (bomb: number): Promise<BombNews | null> =>
    new Promise((resolve, reject) => {
      reader.once('exit', reject)
      reader.once('message', (news: BombNews | null) => {
        reader.off('exit', reject)
        resolve(news)
      })
      reader.send(bomb)
    })
  for (const [bomb, name] of names.entries()) check(`${name}: is refused`, (await read(bomb)) !== null)
  const contest = (what: keyof BombNews, unit: NonNullable<Contest['unit']>): Contest => ({
    title: BOMB_CONTESTS[what],
    contestants: [
      { name: 'promised', measure: () => PROMISED[what] },
      ...names.map((name, bomb) => ({ name, measure: async () => (await read(bomb))?.[what] ?? Number.NaN })),
    ],
    unit,
    ratio: 'part of what is promised',
    runs: 1,
  })
  return [contest('time', MILLISECONDS), contest('memory', MEBIBYTES)]
}
