import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReportFormat } from '@vedette/protocol';
import { migrate, openDatabase, startEmbeddedPostgres } from '@vedette/server';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../apps/server/src/db/schema.ts';
import { makeReport } from '../../apps/server/src/reports/make-report.ts';
import { testServer } from '../../apps/server/src/testing/test-server.ts';

export const name = 'report';
export const options = {
  assets: 'assets; 5000 if not given',
  detections: 'open detections of each; 200',
};

const begin = new Date('2026-01-01T00:00:00Z');

/**
 * The full list of detections of a fleet in each format, read as fast as it is made: rows each second, and how much this process grew
 * over what it had before. PostgreSQL is the embedded one and has data of its own alone.
 */
export async function run({ assets = 5000, detections = 200 }): Promise<Record<string, number>> {
  const directory = await mkdtemp(join(tmpdir(), 'vedette-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDirectory: join(directory, 'postgres'), log: () => undefined });
  const { db, close } = openDatabase(postgres.connection);
  try {
    await migrate(db);
    const organizationId = await fill(db, { assets, detections });
    const figures: Record<string, number> = { assets, rows: assets * detections };
    await using server = await testServer({ db, connection: postgres.connection }, { role: 'api' });
    const { context } = server;
    for (const format of ReportFormat.options) {
      const wish = { kind: 'detections' as const, format };
      const before = process.memoryUsage().rss;
      let [bytes, peak] = [0, before];
      const start = performance.now();
      const report = await makeReport(context, {
        organizationId,
        wish,
        asOf: new Date('2026-06-01T00:00:00Z'),
        since: null,
        scopes: [],
      });
      for await (const chunk of report.bytes) {
        bytes += chunk.length;
        peak = Math.max(peak, process.memoryUsage.rss());
      }
      const seconds = (performance.now() - start) / 1000;
      figures[`${format}Rows`] = report.rows();
      figures[`${format}RowsPerSecond`] = Math.round(report.rows() / seconds);
      figures[`${format}Bytes`] = bytes;
      figures[`${format}GrowthBytes`] = peak - before;
    }
    figures['peakRssBytes'] = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
    return figures;
  } finally {
    await close();
    await postgres[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A fleet of one image: what differs between assets costs the same as what does not. */
async function fill(db: Kysely<Database>, { assets, detections }: { assets: number; detections: number }): Promise<string> {
  const organizationId = randomUUID();
  await db.insertInto('organization').values({ id: organizationId, name: 'bench', createdAt: begin }).execute();
  await sql`insert into knowledge_version (version, imported_at, checks, starter, origins) values (1, ${begin}, ${detections}, false, '[]')`.execute(
    db,
  );
  await sql`
    insert into knowledge_check (number, valid_from, name, severity, patchable, hash, body)
    select 280000000 + n, 1, 'CVE-2025-' || (10000 + n), 2 + n % 4, true, '', '{"cvss": [{"score": 7.5}], "kevSince": null, "epss": {"score": 0.01}}'
    from generate_series(1, ${detections}::integer) as n`.execute(db);
  await sql`
    insert into statement (check_number, valid_from, ecosystem, release, package, status, fixed, advisory, feed)
    select 280000000 + n, 1, 'debian', 'bookworm', 'package-' || n, 'fixed', '2:1.5-1+deb12u3', 'DSA-' || n, 'debian-dsa'
    from generate_series(1, ${detections}::integer) as n`.execute(db);
  await sql`
    insert into package_version (ecosystem, release, role, name, version, architecture, source, source_version, state, row_hash)
    select 'debian', 'bookworm', 'installed', 'package-' || n, '2:1.5-1+deb12u1', 'amd64', 'package-' || n, '2:1.5-1+deb12u1', 'installed',
      sha256(n::text::bytea)
    from generate_series(1, ${detections}::integer) as n`.execute(db);
  await sql`
    insert into verdict (package_version_id, check_number, statement_id, confidence, fixed, valid_from, from_at)
    select package_version.id, statement.check_number, statement.id, 'confirmed', statement.fixed, 1, ${begin}
    from package_version join statement on statement.package = package_version.name`.execute(db);
  await sql`
    insert into asset (organization_id, id, hostname, machine_id, os, first_seen, last_seen)
    select ${organizationId}, gen_random_uuid(), 'host-' || n, n::text, 'Debian GNU/Linux 12 (bookworm)', ${begin}, ${begin}
    from generate_series(1, ${assets}::integer) as n`.execute(db);
  await sql`
    insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
    select organization_id, id, 'dpkg', 1, ${begin}, (select array_agg(package_version.id) from package_version), '{}' from asset`.execute(
    db,
  );
  await sql`analyze`.execute(db);
  return organizationId;
}
