import { defineConfig } from 'vitest/config';

const NEVER = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        // Tests of the PCE share one real PostgreSQL; it starts only when some of them run.
        test: {
          name: 'pce',
          include: ['apps/pce/src/**/*.test.ts', 'apps/cli/src/**/*.api.test.ts'],
          exclude: NEVER,
          globalSetup: ['apps/pce/src/testing/postgres-for-tests.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'other',
          include: ['{packages,apps}/*/src/**/*.test.{ts,tsx}', '{bench,tools}/**/*.test.ts'],
          exclude: [...NEVER, 'apps/pce/**', 'apps/cli/src/**/*.api.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Whole systems in network namespaces: one at a time, after everything else.
        test: {
          name: 'lab',
          include: ['lab/src/**/*.test.ts', 'e2e/src/**/*.test.ts'],
          exclude: NEVER,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
