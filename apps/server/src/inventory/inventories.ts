import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type CollectorRef, refColumns, refKey, type Tx } from './asset-ref.ts';

/** One entry of the history of an inventory, as it was written. */
export interface InventoryChange extends CollectorRef {
  readonly at: Date;
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** When the difference to the shared set is larger than this share of it, a new set is cheaper. */
const rebaseShare = 0.25;
/** Shared sets in memory; one is about 6 kB. */
const maxSets = 4000;

/** Sets of package versions that assets of one image share. Named by their content, so they never change. */
export class PackageSets {
  readonly #sets = new Map<string, readonly number[]>();

  /** The members of these sets, by their hash in hexadecimal. */
  async load(db: Kysely<Database>, hashes: Iterable<string>): Promise<Map<string, readonly number[]>> {
    const wanted = new Set(hashes);
    const missing = [...wanted].filter((hash) => !this.#sets.has(hash));
    if (missing.length > 0) {
      if (this.#sets.size + missing.length > maxSets) this.#sets.clear();
      const rows = await db
        .selectFrom('packageSet')
        .selectAll()
        .where('setHash', '=', sql<Buffer>`any(${[...wanted].map((hash) => Buffer.from(hash, 'hex'))})`)
        .execute();
      for (const { setHash, ids } of rows) this.#sets.set(setHash.toString('hex'), ids);
    }
    return new Map([...wanted].map((hash) => [hash, this.#sets.get(hash) ?? []]));
  }
}

/** Package versions of one collector on one asset, with what a batch of documents does to them. */
export class Inventory {
  readonly ref: CollectorRef;
  /** Null before the first document. */
  #setHash: string | null;
  #base: ReadonlySet<number>;
  #added: Set<number>;
  #removed: Set<number>;
  readonly #came = new Set<number>();
  readonly #went = new Set<number>();
  #touched = false;
  /** Whether the set that it rests on may be new. */
  #isRebased = false;

  constructor(ref: CollectorRef, stored?: StoredInventory, base: readonly number[] = []) {
    this.ref = ref;
    this.#setHash = stored?.setHash.toString('hex') ?? null;
    this.#base = new Set(base);
    this.#added = new Set(stored?.added);
    this.#removed = new Set(stored?.removed);
  }

  get touched(): boolean {
    return this.#touched;
  }

  ids(): number[] {
    return [...this.#base].filter((id) => !this.#removed.has(id)).concat([...this.#added]);
  }

  /** `rebase`: lay a fresh base, the set of exactly these versions, which assets of one image share. */
  change(change: { added: readonly number[]; removed: readonly number[]; rebase: boolean }): void {
    if (this.#setHash !== null && change.added.length === 0 && change.removed.length === 0) return;
    this.#touched = true;
    for (const id of change.removed) {
      if (!this.#added.delete(id) && this.#base.has(id)) this.#removed.add(id);
      if (!this.#came.delete(id)) this.#went.add(id);
    }
    for (const id of change.added) {
      if (!this.#removed.delete(id) && !this.#base.has(id)) this.#added.add(id);
      if (!this.#went.delete(id)) this.#came.add(id);
    }
    const isFar = this.#added.size + this.#removed.size > this.#base.size * rebaseShare;
    if (!change.rebase && this.#setHash !== null && !isFar) return;
    const ids = this.ids().sort((a, b) => a - b);
    this.#setHash = createHash('sha256').update(ids.join()).digest('hex');
    this.#isRebased = true;
    [this.#base, this.#added, this.#removed] = [new Set(ids), new Set(), new Set()];
  }

  /** As it is to be stored; lists as PostgreSQL writes arrays, because many of them travel in one parameter. */
  toRow() {
    return {
      ref: this.ref,
      setHash: this.#setHash ?? '',
      base: this.#isRebased ? arrayText(this.#base) : null,
      added: arrayText(this.#added),
      removed: arrayText(this.#removed),
      came: arrayText(this.#came),
      went: arrayText(this.#went),
    };
  }
}

interface StoredInventory extends CollectorRef {
  readonly setHash: Buffer;
  readonly added: number[];
  readonly removed: number[];
}

/** The inventories of these collectors, by refKey; empty ones where nothing is stored. */
export async function loadInventories(tx: Tx, sets: PackageSets, refs: readonly CollectorRef[]): Promise<Map<string, Inventory>> {
  if (refs.length === 0) return new Map();
  const [organizations, assets, collectors] = refColumns(refs);
  const { rows } = await sql<StoredInventory>`
    select inventory.* from inventory
    join unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
      using (organization_id, asset_id, collector)`.execute(tx);
  const stored = new Map(rows.map((row) => [refKey(row), row]));
  const members = await sets.load(
    tx,
    rows.map(({ setHash }) => setHash.toString('hex')),
  );
  return new Map(
    refs.map((ref) => {
      const row = stored.get(refKey(ref));
      return [refKey(ref), new Inventory(ref, row, row && members.get(row.setHash.toString('hex')))];
    }),
  );
}

/** Writes what changed to the history, and the state after it. Returns the entries of the history. */
export async function saveInventories(tx: Tx, inventories: Iterable<Inventory>, at: Date): Promise<InventoryChange[]> {
  const rows = [...inventories].filter(({ touched }) => touched).map((inventory) => inventory.toRow());
  if (rows.length === 0) return [];
  // In one order whoever writes them, like package versions.
  const bases = new Map(rows.flatMap(({ setHash, base }) => (base === null ? [] : [[setHash, base] as const])));
  const fresh = [...bases].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (fresh.length > 0)
    await sql`
      insert into package_set (set_hash, ids)
      select decode(hash, 'hex'), ids::integer[]
      from unnest(${fresh.map(([hash]) => hash)}::text[], ${fresh.map(([, ids]) => ids)}::text[]) as fresh (hash, ids)
      where not exists (select from package_set where set_hash = decode(hash, 'hex'))
      on conflict do nothing`.execute(tx);
  const [organizations, assets, collectors] = refColumns(rows.map(({ ref }) => ref));
  await sql`
    insert into inventory (organization_id, asset_id, collector, set_hash, added, removed)
    select organization_id, asset_id, collector, decode(hash, 'hex'), added::integer[], removed::integer[]
    from unnest(
      ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[], ${rows.map(({ setHash }) => setHash)}::text[],
      ${rows.map(({ added }) => added)}::text[], ${rows.map(({ removed }) => removed)}::text[]
    ) as state (organization_id, asset_id, collector, hash, added, removed)
    on conflict (organization_id, asset_id, collector)
    do update set set_hash = excluded.set_hash, added = excluded.added, removed = excluded.removed`.execute(tx);
  // Time never runs backwards in a history, whatever the clock does: a presence that ends before it begins is no range at all, and
  // every question about the organization would fail.
  const written = await sql<InventoryChange>`
    insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
    select new.organization_id, new.asset_id, new.collector, coalesce(last.change, 0) + 1, greatest(${at}::timestamptz, last.at),
      new.added::integer[], new.removed::integer[]
    from unnest(
      ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[],
      ${rows.map(({ came }) => came)}::text[], ${rows.map(({ went }) => went)}::text[]
    ) as new (organization_id, asset_id, collector, added, removed)
    left join lateral (
      select change, at from inventory_change as old
      where old.organization_id = new.organization_id and old.asset_id = new.asset_id and old.collector = new.collector
      order by change desc limit 1
    ) as last on true
    returning organization_id, asset_id, collector, at, added, removed`.execute(tx);
  return written.rows;
}

function arrayText(ids: Iterable<number>): string {
  return `{${[...ids].join()}}`;
}
