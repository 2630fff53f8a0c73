import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syncDocument } from '@vedette/testkit';
import fc from 'fast-check';
import { openDatabase } from '../../apps/server/src/db/database.ts';
import { startEmbeddedPostgres } from '../../apps/server/src/db/embedded/start-embedded-postgres.ts';
import { migrate } from '../../apps/server/src/db/migrate.ts';
import { compareThreeWays, steps } from '../../apps/server/src/testing/three-ways.ts';

/** So many between two lines of progress. */
const batch = 100;

/**
 * Plays random histories on an embedded PostgreSQL and compares three ways to say what was found. Exit code 0: no contradiction; 1: one,
 * shrunk and shown; 2: wrong numbers.
 */
export async function compareHistories({ seeds, seed, json }: { seeds: number; seed: number; json: boolean }): Promise<number> {
  if (!Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(seed)) {
    process.stderr.write('oracle: --seeds and --seed take whole numbers\n');
    return 2;
  }
  const directory = mkdtempSync(join(tmpdir(), 'vedette-oracle-'));
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const begin = performance.now();
  try {
    await using server = await startEmbeddedPostgres({
      dataDirectory: join(directory, 'postgres'),
      log: () => undefined,
      settings,
    });
    const { db, close } = openDatabase(server.connection);
    await migrate(db);
    const property = fc.asyncProperty(steps, (history) => compareThreeWays(db, syncDocument, history));
    for (let done = 0; done < seeds; done += batch) {
      const numRuns = Math.min(batch, seeds - done);
      const result = await fc.check(property, { seed: seed + done, numRuns });
      if (result.failed) {
        process.stdout.write(`${String(result.errorInstance)}\n${JSON.stringify(result.counterexample)}\n`);
        return 1;
      }
      process.stderr.write(`${done + numRuns} of ${seeds} histories\n`);
    }
    await close();
    const seconds = Math.round((performance.now() - begin) / 1000);
    const summary = { histories: seeds, contradictions: 0, seed, seconds };
    process.stdout.write(
      json ? `${JSON.stringify(summary)}\n` : `${seeds} histories (seed ${seed}), 0 contradictions, ${seconds} s\n`,
    );
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
