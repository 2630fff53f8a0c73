import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../apps/server/src/db/migrate.ts';
import { openDatabase } from '../../apps/server/src/db/database.ts';
import { startEmbeddedPostgres } from '../../apps/server/src/db/embedded/start-embedded-postgres.ts';
import type { ScheduleResult } from '../sync-simulator/schedule.ts';
import { hasFailed, simulate } from '../sync-simulator/simulate.ts';
import { simulateInThreads } from '../sync-simulator/simulate-in-threads.ts';

export const name = 'sync-simulator';

export const options = {
  schedules: 'how many random schedules (1000)',
  seed: 'the first seed (1); with --schedules 1 the one to repeat',
  verbose: '1: print every event to stderr',
};

export interface SimulatorFigures {
  readonly schedules: number;
  readonly failed: number;
  /** Rows, over all schedules. */
  readonly lost: number;
  readonly ghost: number;
  readonly duplicate: number;
  /** Collectors whose digests differed at the end. */
  readonly unequal: number;
  readonly failedSeeds: readonly number[];
  readonly longestSettlingTurns: number;
  readonly seconds: number;
}

/** Random schedules of faults against agent and server; see tools/sync-simulator. */
export async function run({
  schedules = 1000,
  seed = 1,
  verbose = 0,
}: Readonly<Record<string, number>> = {}): Promise<SimulatorFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-simulator-'));
  chmodSync(directory, 0o755); // as root PostgreSQL runs as another user
  const startedAt = performance.now();
  try {
    const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
    await using server = await startEmbeddedPostgres({ dataDirectory: join(directory, 'data'), log: () => undefined, settings });
    const { db, close } = openDatabase(server.connection);
    await migrate(db);
    await close();
    const { connection } = server;
    const seeds = Array.from({ length: schedules }, (_, index) => seed + index);
    let ended = 0;
    const onResult = (result: ScheduleResult): void => {
      if (hasFailed(result)) process.stderr.write(`seed ${result.seed} failed\n`);
      if (++ended % 500 === 0) process.stderr.write(`${ended} of ${schedules} schedules\n`);
    };
    const results = verbose
      ? await simulate({ connection, seeds, log: (text) => void process.stderr.write(`${text}\n`) })
      : await simulateInThreads({ connection, seeds, onResult });
    const sum = (value: (result: (typeof results)[number]) => number): number =>
      results.reduce((total, each) => total + value(each), 0);
    const failed = results.filter(hasFailed);
    return {
      schedules: results.length,
      failed: failed.length,
      lost: sum(({ lost }) => lost),
      ghost: sum(({ ghost }) => ghost),
      duplicate: sum(({ duplicate }) => duplicate),
      unequal: sum(({ unequal }) => unequal),
      failedSeeds: failed
        .map((each) => each.seed)
        .toSorted((a, b) => a - b)
        .slice(0, 50),
      longestSettlingTurns: Math.max(...results.map(({ turnsToSettle }) => turnsToSettle)),
      seconds: Math.round((performance.now() - startedAt) / 1000),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
