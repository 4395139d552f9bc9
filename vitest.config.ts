import { defineConfig } from 'vitest/config';

const NEVER = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    projects: [
      {
        // Tests of the PCE share one real PostgreSQL; it starts only when some of them run.
        test: {
          name: 'pce',
          include: ['apps/pce/src/**/*.test.ts'],
          exclude: NEVER,
          globalSetup: ['apps/pce/src/testing/postgres-for-tests.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'other',
          include: ['{packages,apps}/*/src/**/*.test.ts', '{lab,bench,tools}/**/*.test.ts'],
          exclude: [...NEVER, 'apps/pce/**'],
        },
      },
    ],
  },
});
