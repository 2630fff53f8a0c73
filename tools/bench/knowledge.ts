import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryUsage } from 'node:process';
import { zstdDecompressSync } from 'node:zlib';
import { readStarter } from '@vedette/feeds';
import { migrate, openDatabase, startEmbeddedPostgres } from '@vedette/server';
import { importKnowledge } from '../../apps/server/src/knowledge/import-knowledge.ts';

export const name = 'knowledge';

/** The starter knowledge base into an empty embedded PostgreSQL, then the same again, which changes nothing. Medians. */
export async function run({ runs = 5 }: { runs?: number }): Promise<Record<string, number>> {
  const packed = readFileSync(join(import.meta.dirname, '../../content/knowledge/starter.json.zst'));
  const results: Record<string, number>[] = [];
  for (let run = 0; run < runs; run += 1) results.push(await once(packed));
  const names = Object.keys(results[0] ?? {});
  return { runs, ...Object.fromEntries(names.map((figure) => [figure, median(results.map((result) => result[figure] ?? 0))])) };
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
