import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { CollectorRef, Tx } from './asset-ref.ts';

export interface InventoryChange {
  readonly added: readonly number[];
  readonly removed: readonly number[];
  readonly at: Date;
  /** Lay a fresh base: the set of exactly these versions, which assets of one image share. */
  readonly rebase: boolean;
}

/** When the difference to the shared set is larger than this share of it, a new set is cheaper. */
const rebaseShare = 0.25;

/** Numbers of the package versions an asset has now, ascending. */
export async function loadInventory(tx: Tx, ref: CollectorRef): Promise<number[]> {
  const row = await loadRow(tx, ref);
  return row ? currentIds(row) : [];
}

/** Writes the change to the history and the state after it. */
export async function changeInventory(tx: Tx, ref: CollectorRef, change: InventoryChange): Promise<void> {
  const before = await loadRow(tx, ref);
  if (before && change.added.length === 0 && change.removed.length === 0) return;
  const base = new Set(before?.ids ?? []);
  const added = new Set(before?.added ?? []);
  const removed = new Set(before?.removed ?? []);
  for (const id of change.removed) {
    if (!added.delete(id) && base.has(id)) removed.add(id);
  }
  for (const id of change.added) {
    if (!removed.delete(id) && !base.has(id)) added.add(id);
  }
  const after = { setHash: before?.setHash, ids: [...base], added: [...added], removed: [...removed] };
  const rebase = change.rebase || !after.setHash || added.size + removed.size > base.size * rebaseShare;
  const row = rebase
    ? await newBase(tx, currentIds(after))
    : { setHash: after.setHash as Buffer, added: after.added, removed: after.removed };
  await tx
    .insertInto('inventory')
    .values({ ...ref, ...row })
    .onConflict((conflict) => conflict.columns(['organizationId', 'assetId', 'collector']).doUpdateSet(row))
    .execute();
  // Time never runs backwards in a history, whatever the clock does: a presence that ends before it begins is no range at all, and
  // every question about the organization would fail.
  await sql`
    insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
    select ${ref.organizationId}, ${ref.assetId}, ${ref.collector}, coalesce(max(change), 0) + 1, greatest(${change.at}, max(at)),
      ${[...change.added]}::integer[], ${[...change.removed]}::integer[]
    from inventory_change
    where organization_id = ${ref.organizationId} and asset_id = ${ref.assetId} and collector = ${ref.collector}`.execute(tx);
}

async function newBase(tx: Tx, ids: number[]): Promise<{ setHash: Buffer; added: number[]; removed: number[] }> {
  const setHash = createHash('sha256').update(ids.join()).digest();
  await tx
    .insertInto('packageSet')
    .values({ setHash, ids })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return { setHash, added: [], removed: [] };
}

interface InventoryRow {
  readonly ids: readonly number[];
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

function currentIds({ ids, added, removed }: InventoryRow): number[] {
  const gone = new Set(removed);
  return [...ids.filter((id) => !gone.has(id)), ...added].sort((a, b) => a - b);
}

async function loadRow(tx: Tx, ref: CollectorRef) {
  return tx
    .selectFrom('inventory')
    .innerJoin('packageSet', 'packageSet.setHash', 'inventory.setHash')
    .select(['inventory.setHash', 'packageSet.ids', 'inventory.added', 'inventory.removed'])
    .where('organizationId', '=', ref.organizationId)
    .where('assetId', '=', ref.assetId)
    .where('collector', '=', ref.collector)
    .executeTakeFirst();
}
