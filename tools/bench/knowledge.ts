import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, memoryUsage } from 'node:process';
import { zstdDecompressSync } from 'node:zlib';
import { readStarter } from '@vedette/feeds';
import { migrate, openDatabase, startEmbeddedPostgres } from '@vedette/server';
import type { FeedCost } from './knowledge/feed-cost.ts';
import { feedSources, unpackShared } from './knowledge/feed-sources.ts';
import { importKnowledge } from '../../apps/server/src/knowledge/import-knowledge.ts';

export const name = 'knowledge';

export const options = { feeds: 'how often to read each feed of which there is real data, instead; a process for each' };

/**
 * The starter knowledge base into an empty embedded PostgreSQL, then the same again, which changes nothing; or, with `feeds`, each feed
 * read from the shared data. Medians.
 */
export async function run({ runs = 5, feeds = 0 }: { runs?: number; feeds?: number }): Promise<object> {
  if (feeds > 0) return { runs: feeds, feeds: Object.entries(feedSources).flatMap(([feed, from]) => costOf(feed, from, feeds)) };
  const packed = readFileSync(join(import.meta.dirname, '../../content/knowledge/starter.json.zst'));
  const results: Record<string, number>[] = [];
  for (let run = 0; run < runs; run += 1) results.push(await once(packed));
  const names = Object.keys(results[0] ?? {});
  return { runs, ...Object.fromEntries(names.map((figure) => [figure, median(results.map((result) => result[figure] ?? 0))])) };
}

/** None where its data are not there. */
function costOf(feed: string, archives: readonly string[], runs: number): FeedCost[] {
  const folder = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    if (!unpackShared(archives, folder)) {
      process.stderr.write(`${feed}: skipped: no feed data\n`);
      return [];
    }
    const child = join(import.meta.dirname, 'knowledge/feed-cost.ts');
    const costs = Array.from(
      { length: runs },
      () => JSON.parse(execFileSync(execPath, [child, feed, folder]).toString()) as FeedCost,
    ); // what the child just wrote
    const [first] = costs;
    if (!first) return [];
    return [{ ...first, ms: median(costs.map(({ ms }) => ms)), peakRssMb: Math.max(...costs.map(({ peakRssMb }) => peakRssMb)) }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function once(packed: Buffer): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    await using server = await startEmbeddedPostgres({ dataDirectory: join(directory, 'postgres'), log: () => undefined });
    const { db, pool, close } = openDatabase(server.connection);
    await migrate(db);
    const before = await databaseBytes(pool);
    const start = performance.now();
    const input = readStarter(zstdDecompressSync(packed).toString('utf8'));
    const read = performance.now();
    const { checks } = await importKnowledge(db, input, { at: new Date(), starter: true });
    const imported = performance.now();
    await importKnowledge(db, input, { at: new Date(), starter: true });
    const again = performance.now();
    const after = await databaseBytes(pool);
    await close();
    return {
      checks,
      starterBytes: packed.length,
      readMs: read - start,
      importMs: imported - read,
      importAgainMs: again - imported,
      databaseBytes: after - before,
      rssBytes: memoryUsage().rss,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function databaseBytes(pool: ReturnType<typeof openDatabase>['pool']): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>('select pg_database_size(current_database()) as bytes');
  return rows[0]?.bytes ?? 0;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
