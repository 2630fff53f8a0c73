import type { FactRow } from '@vedette/protocol';
import { sql } from 'kysely';
import type { DocumentInput } from './document.ts';
import { type CollectorRef, refColumns, refKey, type Tx } from './asset-ref.ts';
import type { ReadRows } from './read-rows.ts';
import type { RowChange, StoredRow } from './row-change.ts';

type Document = DocumentInput & { readonly read: ReadRows };

/** Stored rows that these documents speak of, by refKey: all of the collector for a snapshot, those with its keys for a delta. */
export async function loadFactRows(tx: Tx, documents: readonly Document[]): Promise<Map<string, StoredRow[]>> {
  if (documents.length === 0) return new Map();
  const whole = documents.filter(({ document }) => document.kind === 'snapshot').map(({ ref }) => ref);
  const keyed = documents.flatMap(({ document, read, ref }) => {
    const keys = document.kind === 'snapshot' ? [] : [...read.rows.map(({ key }) => key), ...read.removedKeys];
    return keys.map((key) => ({ ...ref, key }));
  });
  const [organizations, assets, collectors] = refColumns(whole);
  const [keyOrganizations, keyAssets, keyCollectors] = refColumns(keyed);
  const { rows } = await sql<CollectorRef & { rowKey: string; rowHash: Buffer }>`
    select organization_id, asset_id, collector, row_key, row_hash from fact_row
    join unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
      using (organization_id, asset_id, collector)
    union
    select organization_id, asset_id, collector, row_key, row_hash from fact_row
    join unnest(
      ${keyOrganizations}::uuid[], ${keyAssets}::uuid[], ${keyCollectors}::text[], ${keyed.map(({ key }) => key)}::text[]
    ) as wanted (organization_id, asset_id, collector, row_key) using (organization_id, asset_id, collector, row_key)`.execute(
    tx,
  );
  const byRef = Map.groupBy(rows, refKey);
  return new Map([...byRef].map(([key, group]) => [key, group.map((row) => ({ key: row.rowKey, hash: row.rowHash }))]));
}

/** Current rows of these collectors with their contents, by refKey and then by key. */
export async function loadFactBodies(tx: Tx, refs: readonly CollectorRef[]): Promise<Map<string, Map<string, FactRow>>> {
  const bodies = new Map(refs.map((ref) => [refKey(ref), new Map<string, FactRow>()]));
  if (refs.length === 0) return bodies;
  const [organizations, assets, collectors] = refColumns(refs);
  const { rows } = await sql<CollectorRef & { rowKey: string; body: FactRow }>`
    select organization_id, asset_id, collector, row_key, body from fact_row
    join unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
      using (organization_id, asset_id, collector)`.execute(tx);
  for (const row of rows) bodies.get(refKey(row))?.set(row.rowKey, row.body);
  return bodies;
}

export interface FactChange {
  readonly ref: CollectorRef;
  readonly sequence: number;
  readonly change: RowChange;
}

/** Writes rows that belong to one asset alone, and the history of them. */
export async function saveFactRows(tx: Tx, changes: readonly FactChange[], at: Date): Promise<void> {
  const real = changes.filter(({ change }) => change.added.length + change.removed.length > 0);
  if (real.length === 0) return;
  const gone = real.flatMap(({ ref, change }) => change.removed.map(({ key }) => ({ ...ref, key })));
  if (gone.length > 0) {
    const [organizations, assets, collectors] = refColumns(gone);
    await sql`
      delete from fact_row using unnest(
        ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[], ${gone.map(({ key }) => key)}::text[]
      ) as gone (organization_id, asset_id, collector, row_key)
      where fact_row.organization_id = gone.organization_id and fact_row.asset_id = gone.asset_id
        and fact_row.collector = gone.collector and fact_row.row_key = gone.row_key`.execute(tx);
  }
  const fresh = real.flatMap(({ ref, change }) => change.added.map((row) => ({ ...ref, ...row })));
  if (fresh.length > 0) {
    await sql`
      insert into fact_row (organization_id, asset_id, collector, row_key, row_hash, body)
      select * from unnest(
        ${fresh.map(({ organizationId }) => organizationId)}::uuid[], ${fresh.map(({ assetId }) => assetId)}::uuid[],
        ${fresh.map(({ collector }) => collector)}::text[], ${fresh.map(({ key }) => key)}::text[],
        ${fresh.map(({ hash }) => hash)}::bytea[], ${fresh.map(({ row }) => JSON.stringify(row))}::jsonb[])`.execute(tx);
  }
  const [organizations, assets, collectors] = refColumns(real.map(({ ref }) => ref));
  await sql`
    insert into fact_change (organization_id, asset_id, collector, sequence, added, removed, at)
    select *, ${at}::timestamptz from unnest(
      ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[], ${real.map(({ sequence }) => sequence)}::integer[],
      ${real.map(({ change }) => JSON.stringify(change.added.map(({ row }) => row)))}::jsonb[],
      ${real.map(({ change }) => JSON.stringify(change.removed.map(({ key }) => key)))}::jsonb[])`.execute(tx);
}
