import { defineConfig } from 'vitest/config';

const never = ['**/node_modules/**', '**/dist/**', '**/.build/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{apps,packages,tests,tools}/**/*.test.{ts,tsx}'],
          exclude: never,
          globalSetup: ['packages/testkit/src/postgres-global-setup.ts'],
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole constellations of platforms, agents and browsers, which wait for each other more than they work: two at a time.
        test: {
          name: 'e2e',
          include: ['{apps,packages,tests}/**/*.e2e.ts'],
          exclude: never,
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
