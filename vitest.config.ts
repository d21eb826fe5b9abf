import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const LIVE = ['test/interop/**/*.test.ts', 'test/**/*.live.test.ts']
/** They need no server, and take many seconds: they are for `npm test`, not for `npm run check`. */
const SLOW = ['test/**/*.slow.test.ts']
/** They start a site on every Django and database: minutes, however short the file. */
const SLOWEST = /\/interop\/(.*-sessions|site-settings)\.test\.ts$/

/** What is begun last shall not go on alone. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isSlow = ({ moduleId }: TestSpecification) => SLOWEST.test(moduleId)
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: SlowestFirst },
    projects: [
      // No test is about time: what hangs ends, and a busy machine fails nothing.
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...LIVE, ...SLOW],
          testTimeout: 60_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'slow',
          include: SLOW,
          testTimeout: 120_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'live',
          include: LIVE,
          globalSetup: 'test/servers.ts',
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // They wait for servers more than they compute; each file has databases of its own.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      // The oldest peer that is accepted, through the same contracts.
      {
        resolve: { alias: { ioredis: 'ioredis-5' } },
        test: {
          name: 'ioredis 5',
          include: ['test/caches/redis*.live.test.ts', 'test/connect/cached-db.live.test.ts'],
          globalSetup: 'test/servers.ts',
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 4,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
