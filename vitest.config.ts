import { defineConfig } from 'vitest/config'

const LIVE = ['test/interop/**/*.test.ts', 'test/**/*.live.test.ts']

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: LIVE } },
      {
        test: {
          name: 'live',
          include: LIVE,
          globalSetup: 'test/servers.ts',
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
