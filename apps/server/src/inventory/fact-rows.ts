import type { FactRow } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type AssetRef, type CollectorRef, refColumns, refKey, type Tx } from './asset-ref.ts';
import { type Base, type FactBases, type Packed, unpack } from './fact-bases.ts';
import { changeText, type FactRows, readChangeText, readFactText } from './fact-text.ts';
import type { KeyedRow, RowChange } from './row-change.ts';

/** Rows of one collector on one asset, as they are kept. */
export interface HeldFacts {
  readonly rows: FactRows;
  /** Whether they are kept as releases before the packing did: a row of the database for each. */
  readonly areOld: boolean;
  /** What was kept cannot be read any more: there are rows, but nobody knows which. */
  readonly areDamaged?: boolean;
}

interface StoredFacts extends CollectorRef {
  readonly factBase: number | null;
  readonly facts: Buffer | null;
  readonly rowCount: number;
}

/** What is held of these collectors, by refKey; an entry for each of them. Throws Error for what is damaged. */
export async function loadFacts(
  db: Kysely<Database>,
  bases: FactBases,
  refs: readonly CollectorRef[],
): Promise<Map<string, HeldFacts>> {
  const held = await loadReadableFacts(db, bases, refs);
  for (const [key, { areDamaged }] of held) if (areDamaged) throw new Error(`the facts ${key} cannot be read`);
  return held;
}

/** The same; damaged facts are told as such. */
export async function loadReadableFacts(
  db: Kysely<Database>,
  bases: FactBases,
  refs: readonly CollectorRef[],
): Promise<Map<string, HeldFacts>> {
  const held = new Map<string, HeldFacts>(refs.map((ref) => [refKey(ref), { rows: new Map(), areOld: false }]));
  if (refs.length === 0) return held;
  const [organizations, assets, collectors] = refColumns(refs);
  const { rows } = await sql<StoredFacts>`
    select organization_id, asset_id, collector, fact_base, facts, row_count from collector_state
    join unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
      using (organization_id, asset_id, collector)`.execute(db);
  const known = await bases.load(rows.map(({ factBase }) => factBase));
  for (const { factBase, facts, ...ref } of rows) {
    if (facts === null) continue;
    held.set(refKey(ref), readFacts({ base: factBase, bytes: facts }, ref.collector, known));
  }
  const old = rows.filter(({ facts, rowCount }) => facts === null && rowCount > 0);
  for (const [key, each] of await loadOldFacts(db, old)) held.set(key, { rows: each, areOld: true });
  return held;
}

function readFacts(packed: Packed, collector: string, bases: ReadonlyMap<number, Base>): HeldFacts {
  try {
    return { rows: readFactText(unpack(packed, bases), collector), areOld: false };
  } catch {
    // Whatever is wrong with it, its checksum or its base: it is no fact any more.
    return { rows: new Map(), areOld: false, areDamaged: true };
  }
}

async function loadOldFacts(db: Kysely<Database>, refs: readonly CollectorRef[]): Promise<Map<string, FactRows>> {
  if (refs.length === 0) return new Map();
  const [organizations, assets, collectors] = refColumns(refs);
  const { rows } = await sql<CollectorRef & { rowKey: string; rowHash: Buffer; body: FactRow }>`
    select organization_id, asset_id, collector, row_key, row_hash, body from fact_row
    join unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
      using (organization_id, asset_id, collector)
    order by row_key`.execute(db);
  const keyed = (row: (typeof rows)[number]): [string, KeyedRow] => [
    row.rowKey,
    { key: row.rowKey, row: row.body, hash: row.rowHash },
  ];
  return new Map([...Map.groupBy(rows, refKey)].map(([key, group]) => [key, new Map(group.map(keyed))]));
}

/** Rows as they are after a change. */
export function applyChange(rows: FactRows, { added, removed }: RowChange): Map<string, KeyedRow> {
  const after = new Map(rows);
  for (const { key } of removed) after.delete(key);
  for (const row of added) after.set(row.key, row);
  return after;
}

export interface FactChange {
  readonly ref: CollectorRef;
  readonly sequence: number;
  readonly change: RowChange;
  /** As they are after it, and the text of them. */
  readonly rows: FactRows;
  readonly text: string;
  readonly wereOld: boolean;
}

/** Writes the history of these changes. Returns the rows after them for `saveStates`, by refKey. */
export async function saveFactChanges(
  tx: Tx,
  bases: FactBases,
  changes: readonly FactChange[],
  at: Date,
): Promise<Map<string, Packed>> {
  const packed = new Map<string, Packed>();
  for (const { ref, rows, text } of changes) packed.set(refKey(ref), await bases.pack(ref.collector, rows, text));
  await deleteOldFacts(
    tx,
    changes.filter(({ wereOld }) => wereOld).map(({ ref }) => ref),
  );
  const real = changes.filter(({ change }) => change.added.length + change.removed.length > 0);
  if (real.length === 0) return packed;
  const entries = real.map(({ ref, change }) =>
    bases.packAgainst(packed.get(refKey(ref))?.base ?? null, changeText(change.added, change.removed)),
  );
  const [organizations, assets, collectors] = refColumns(real.map(({ ref }) => ref));
  await sql`
    insert into fact_change (organization_id, asset_id, collector, sequence, fact_base, packed, at)
    select *, ${at}::timestamptz from unnest(
      ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[], ${real.map(({ sequence }) => sequence)}::integer[],
      ${entries.map(({ base }) => base)}::integer[], ${entries.map(({ bytes }) => bytes)}::bytea[])`.execute(tx);
  return packed;
}

export async function deleteOldFacts(tx: Tx, refs: readonly CollectorRef[]): Promise<void> {
  if (refs.length === 0) return;
  const [organizations, assets, collectors] = refColumns(refs);
  await sql`
    delete from fact_row using unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[])
      as gone (organization_id, asset_id, collector)
    where fact_row.organization_id = gone.organization_id and fact_row.asset_id = gone.asset_id
      and fact_row.collector = gone.collector`.execute(tx);
}

/** One entry of the history of facts. */
export interface FactHistoryEntry {
  readonly sequence: number;
  readonly at: Date;
  readonly added: readonly FactRow[];
  /** Keys of rows that went, or came with other values. */
  readonly removed: readonly string[];
}

/** What changed of one collector on one asset, the oldest first. */
export async function loadFactHistory(
  db: Kysely<Database>,
  bases: FactBases,
  { organizationId, assetId, collector }: AssetRef & { readonly collector: string },
): Promise<FactHistoryEntry[]> {
  const rows = await db
    .selectFrom('factChange')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', assetId)
    .where('collector', '=', collector)
    .orderBy('at')
    .orderBy('sequence')
    .execute();
  const known = await bases.load(rows.map(({ factBase }) => factBase));
  return rows.map(({ sequence, at, factBase, packed, added, removed }) => {
    if (packed) return { sequence, at, ...readChangeText(unpack({ base: factBase, bytes: packed }, known)) };
    return { sequence, at, added: added as FactRow[], removed: removed as string[] }; // written as such
  });
}
