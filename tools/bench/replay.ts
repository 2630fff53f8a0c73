import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { readStarter } from '@vedette/feeds';
import { compareInOrder } from '@vedette/matching';
import type { KnowledgeInput } from '@vedette/protocol';
import { migrate, openDatabase, startEmbeddedPostgres } from '@vedette/server';
import { judgeUnjudged } from '../../apps/server/src/knowledge/judge-unjudged.ts';
import { importKnowledge } from '../../apps/server/src/knowledge/import-knowledge.ts';
import { replayVerdicts } from '../../apps/server/src/knowledge/replay-verdicts.ts';
import { PackageVersions, type PackageVersionRow } from '../../apps/server/src/inventory/package-versions.ts';

export const name = 'replay';

/**
 * Verdicts on every package that the starter knowledge base names, in the oldest version that was a fix: judging and storing them, what their
 * evidence takes, judging all of them again, and an import that has to judge them. Medians.
 */
export async function run({ runs = 5 }: { runs?: number }): Promise<Record<string, number>> {
  const packed = readFileSync(join(import.meta.dirname, '../../content/knowledge/starter.json.zst'));
  const input = readStarter(zstdDecompressSync(packed).toString('utf8'));
  const results: Record<string, number>[] = [];
  for (let run = 0; run < runs; run += 1) results.push(await once(input));
  const names = Object.keys(results[0] ?? {});
  return { runs, ...Object.fromEntries(names.map((figure) => [figure, median(results.map((result) => result[figure] ?? 0))])) };
}

async function once(input: KnowledgeInput): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-bench-'));
  try {
    await using server = await startEmbeddedPostgres({ dataDirectory: join(directory, 'postgres'), log: () => undefined });
    const { db, pool, close } = openDatabase(server.connection);
    await migrate(db);
    // Half of the advisories first: the rest is news about package versions that are known.
    const half = { ...input, advisories: input.advisories.filter((_advisory, index) => index % 2 === 0) };
    await importKnowledge(db, half, { at: new Date(), starter: true });
    const rows = longAgo(input);
    const start = performance.now();
    const { ids } = await new PackageVersions(db).enter(rows);
    await judgeUnjudged(db);
    const judged = performance.now();
    const { rows: counted } = await pool.query<{ verdicts: number; considered: number; bytes: number }>(
      `select (select count(*)::integer from verdict) as verdicts, count(*)::integer as considered,
         (pg_total_relation_size('considered') + (select sum(pg_column_size(evidence_hash) + 4) from verdict))::float8 as bytes
       from considered`,
    );
    const figures = counted[0] ?? { verdicts: 0, considered: 0, bytes: 0 };
    const news = performance.now();
    await importKnowledge(db, input, { at: new Date(), starter: true });
    const imported = performance.now();
    const organizationId = randomUUID();
    const seen = { organizationId, assetId: randomUUID(), collector: 'dpkg', change: 1, at: new Date(), added: ids, removed: [] };
    await db.insertInto('inventoryChange').values(seen).execute();
    const before = performance.now();
    let [replayed, differing, after]: [number, number, string | undefined] = [0, 0, undefined];
    do {
      const report = await replayVerdicts(db, { organizationId, after });
      replayed += report.verdicts;
      differing += report.differing.length;
      after = report.next ?? undefined;
    } while (after !== undefined);
    const replayMs = performance.now() - before;
    await close();
    if (differing > 0) throw new Error(`${differing} verdicts came out differently`);
    return {
      packageVersions: rows.length,
      verdicts: figures.verdicts,
      judgeAndStoreMs: judged - start,
      distinctStatements: figures.considered,
      evidenceBytesPerVerdict: figures.bytes / figures.verdicts,
      importNewsMs: imported - news,
      replayed,
      replayMs,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function longAgo({ advisories }: KnowledgeInput): PackageVersionRow[] {
  const oldest = new Map<string, PackageVersionRow>();
  for (const { ecosystem, release, package: source, fixed } of advisories.flatMap(({ affected }) => affected)) {
    const key = `${ecosystem} ${release} ${source}`;
    const known = oldest.get(key)?.version;
    if (fixed === null || (known !== undefined && compareInOrder(ecosystem, fixed, known) !== -1)) continue;
    const rowHash = createHash('sha256').update(`${key} ${fixed}`).digest();
    const pkg = {
      name: source,
      version: fixed,
      architecture: 'amd64',
      source,
      sourceVersion: fixed,
      state: 'installed',
      module: '',
    };
    oldest.set(key, { ...pkg, ecosystem, release, role: 'installed', rowHash });
  }
  return [...oldest.values()];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
