import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const never = ['**/node_modules/**', '**/dist/**', '**/.build/**'];
/** Real agents, in which most of the time passes between a check-in and the next. */
const agents = '{early-agent,manifest,package,package-upgrade,relay,release,self-upgrade}';

export default defineConfig({
  test: {
    // Threads and programs that tests start find their modules compiled, as the platform's own do (apps/server/src/main.ts).
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.build/code') },
    projects: [
      {
        // They begin, and leave the processors to what follows.
        test: {
          name: 'agents',
          include: [`tests/e2e/${agents}.e2e.ts`],
          exclude: never,
          maxWorkers: 3,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'unit',
          include: ['{apps,packages,tests,tools}/**/*.test.{ts,tsx}'],
          exclude: never,
          globalSetup: ['packages/testkit/src/postgres-global-setup.ts'],
          setupFiles: ['packages/testkit/src/shards/statements-setup.ts'],
          // Rooms keep nothing in modules that another file could meet; loading them anew for each file took a quarter of the time.
          isolate: false,
          maxWorkers: 3,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole constellations of platforms, fleets and browsers: pages of a third would miss their limits on two processors.
        test: {
          name: 'e2e',
          include: ['{apps,packages,tests}/**/*.e2e.ts'],
          exclude: [...never, `tests/e2e/${agents}.e2e.ts`],
          maxWorkers: 2,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
