import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type CollectorRef, refColumns, refKey, type Tx } from './asset-ref.ts';

/** When the difference to the shared set is larger than this share of it, a new set is cheaper. */
const rebaseShare = 0.25;
/** Shared sets in memory; one is about 80 kB with what is known of its members. */
const maxSets = 2000;

/** Up to this share of a known set may differ for it to be used instead of a set of its own; less than `rebaseShare`, so that changes fit in. */
const nearShare = 0.15;
/** Of how many smallest hashes a sketch is made: two sets that share most members have some of them in common. */
const sketchSize = 8;

/** A set of package versions. Never changes. */
export interface PackageSet {
  readonly hash: string;
  readonly ids: readonly number[];
  readonly members: ReadonlySet<number>;
}

const emptySet: PackageSet = { hash: '', ids: [], members: new Set() };

/** Sets of package versions that assets of one image share. Named by their content, so they never change. */
export class PackageSets {
  readonly #sets = new Map<string, PackageSet>();
  /** Hashes of sets by the parts of their sketches. */
  readonly #sketches = new Map<number, string>();

  /** These sets, by their hash in hexadecimal. */
  async load(db: Kysely<Database>, hashes: Iterable<string>): Promise<Map<string, PackageSet>> {
    const wanted = new Set(hashes);
    const missing = [...wanted].filter((hash) => !this.#sets.has(hash));
    if (missing.length > 0) {
      const rows = await db
        .selectFrom('packageSet')
        .selectAll()
        .where('setHash', '=', sql<Buffer>`any(${[...wanted].map((hash) => Buffer.from(hash, 'hex'))})`)
        .execute();
      this.#makeRoom(rows.length);
      for (const { setHash, ids } of rows) this.#remember(setHash.toString('hex'), ids);
    }
    return new Map([...wanted].map((hash) => [hash, this.#sets.get(hash) ?? { ...emptySet, hash }]));
  }

  /**
   * The set to describe these versions by: a known one that differs little, or else the set of exactly these. It may not be stored:
   * whoever stored it may have been rolled back.
   */
  baseFor(ids: readonly number[]): PackageSet {
    const near = this.#near(ids);
    if (near) return near;
    const sorted = ids.toSorted((a, b) => a - b);
    const hash = createHash('sha256').update(sorted.join()).digest('hex');
    this.#makeRoom(1);
    return this.#remember(hash, sorted);
  }

  #near(ids: readonly number[]): PackageSet | null {
    const votes = new Map<string, number>();
    for (const part of sketchOf(ids)) {
      const hash = this.#sketches.get(part);
      if (hash !== undefined) votes.set(hash, (votes.get(hash) ?? 0) + 1);
    }
    const [best] = [...votes].toSorted(([, a], [, b]) => b - a);
    const known = best && this.#sets.get(best[0]);
    if (!best || !known) return null;
    const common = ids.reduce((sum, id) => sum + Number(known.members.has(id)), 0);
    const difference = ids.length + known.ids.length - 2 * common;
    return difference <= known.ids.length * nearShare ? known : null;
  }

  #makeRoom(count: number): void {
    if (this.#sets.size + count <= maxSets) return;
    this.#sets.clear();
    this.#sketches.clear();
  }

  #remember(hash: string, ids: readonly number[]): PackageSet {
    const set = { hash, ids, members: new Set(ids) };
    this.#sets.set(hash, set);
    // The first one stays: the fewer sets are in use, the more is shared.
    for (const part of sketchOf(ids)) if (!this.#sketches.has(part)) this.#sketches.set(part, hash);
    return set;
  }
}

/** The smallest of all members' hashes, for each of several hash functions (MinHash); which function stands in the upper bits. */
function sketchOf(ids: readonly number[]): number[] {
  return Array.from({ length: sketchSize }, (_, which) => {
    let least = 2 ** 32 - 1;
    for (const id of ids) {
      let mixed = Math.imul(id ^ (which * 0x9e3779b9), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
      mixed = (mixed ^ (mixed >>> 16)) >>> 0;
      if (mixed < least) least = mixed;
    }
    return which * 2 ** 32 + least;
  });
}

/** Package versions of one collector on one asset, with what a batch of documents does to them. */
export class Inventory {
  readonly ref: CollectorRef;
  readonly #sets: PackageSets;
  /** Null before the first document. */
  #set: PackageSet | null;
  readonly #added: Set<number>;
  readonly #removed: Set<number>;
  readonly #came = new Set<number>();
  readonly #went = new Set<number>();
  #touched = false;
  /** Whether the set that it rests on may be new. */
  #isRebased = false;
  readonly #row: StoredInventory | undefined;

  constructor(ref: CollectorRef, sets: PackageSets, stored?: { readonly row: StoredInventory; readonly base: PackageSet }) {
    this.ref = ref;
    this.#sets = sets;
    this.#set = stored?.base ?? null;
    this.#added = new Set(stored?.row.added);
    this.#removed = new Set(stored?.row.removed);
    this.#row = stored?.row;
  }

  /** The set that it rests on, and how it differs. */
  get base(): PackageSet {
    return this.#set ?? emptySet;
  }

  get added(): ReadonlySet<number> {
    return this.#added;
  }

  get removed(): ReadonlySet<number> {
    return this.#removed;
  }

  get touched(): boolean {
    return this.#touched;
  }

  ids(): number[] {
    const ids: number[] = [];
    for (const id of this.base.ids) if (!this.#removed.has(id)) ids.push(id);
    for (const id of this.#added) ids.push(id);
    return ids;
  }

  /** `rebase`: look for the base anew, a set that assets of one image share. */
  change(change: { added: readonly number[]; removed: readonly number[]; rebase: boolean }): void {
    if (this.#set !== null && change.added.length === 0 && change.removed.length === 0) return;
    this.#touched = true;
    const { members } = this.base;
    for (const id of change.removed) {
      if (!this.#added.delete(id) && members.has(id)) this.#removed.add(id);
      if (!this.#came.delete(id)) this.#went.add(id);
    }
    for (const id of change.added) {
      if (!this.#removed.delete(id) && !members.has(id)) this.#added.add(id);
      if (!this.#went.delete(id)) this.#came.add(id);
    }
    const isFar = this.#added.size + this.#removed.size > members.size * rebaseShare;
    if (change.rebase || this.#set === null || isFar) this.#rebase();
  }

  /** As it is to be stored; lists as PostgreSQL writes arrays, because many of them travel in one parameter. */
  toRow() {
    return {
      ref: this.ref,
      setHash: this.base.hash,
      base: this.#isRebased ? arrayText(this.base.ids) : null,
      added: arrayText(this.#added),
      removed: arrayText(this.#removed),
      came: arrayText(this.#came),
      went: arrayText(this.#went),
      change: (this.#row?.change ?? 0) + 1,
      lastAt: this.#row?.at ?? null,
    };
  }

  #rebase(): void {
    const ids = this.ids();
    const base = this.#sets.baseFor(ids);
    this.#set = base;
    this.#isRebased = true;
    this.#added.clear();
    this.#removed.clear();
    for (const id of ids) if (!base.members.has(id)) this.#added.add(id);
    // All members are there, unless some of ours are not members or too few are.
    if (ids.length - this.#added.size === base.ids.length) return;
    const own = new Set(ids);
    for (const id of base.ids) if (!own.has(id)) this.#removed.add(id);
  }
}

interface StoredInventory extends CollectorRef {
  readonly setHash: Buffer;
  readonly added: number[];
  readonly removed: number[];
  /** Of the newest entry of its history, the time as PostgreSQL writes it; null where there is none. */
  readonly change: number | null;
  readonly at: string | null;
}

/** The inventories of these collectors, by refKey; empty ones where nothing is stored. */
export async function loadInventories(tx: Tx, sets: PackageSets, refs: readonly CollectorRef[]): Promise<Map<string, Inventory>> {
  if (refs.length === 0) return new Map();
  const [organizations, assets, collectors] = refColumns(refs);
  const { rows } = await sql<StoredInventory>`
    select inventory.*, last.change, last.at::text
    from inventory
    join unnest(${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[]) as wanted (organization_id, asset_id, collector)
      using (organization_id, asset_id, collector)
    -- Of the inventory, which lies where its history does: a database in shards cannot look for each entry of a list.
    left join lateral (
      select change, at from inventory_change as old
      where old.organization_id = inventory.organization_id and old.asset_id = inventory.asset_id and old.collector = inventory.collector
      order by change desc limit 1
    ) as last on true`.execute(tx);
  const stored = new Map(rows.map((row) => [refKey(row), row]));
  const members = await sets.load(
    tx,
    rows.map(({ setHash }) => setHash.toString('hex')),
  );
  return new Map(
    refs.map((ref) => {
      const row = stored.get(refKey(ref));
      const base = row && (members.get(row.setHash.toString('hex')) ?? emptySet);
      return [refKey(ref), new Inventory(ref, sets, row && base && { row, base })];
    }),
  );
}

/** Writes what changed to the history, and the state after it. Nobody may have changed them since they were loaded. */
export async function saveInventories(tx: Tx, inventories: Iterable<Inventory>, at: Date): Promise<void> {
  const touched = [...inventories].filter((inventory) => inventory.touched);
  const rows = touched.map((inventory) => inventory.toRow());
  if (rows.length === 0) return;
  // In one order whoever writes them, like package versions.
  const bases = new Map(rows.flatMap(({ setHash, base }) => (base === null ? [] : [[setHash, base] as const])));
  const fresh = [...bases].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (fresh.length > 0)
    await sql`
      insert into package_set (set_hash, ids)
      select decode(hash, 'hex'), ids::integer[]
      from unnest(${fresh.map(([hash]) => hash)}::text[], ${fresh.map(([, ids]) => ids)}::text[]) as fresh (hash, ids)
      where not exists (select from package_set where set_hash = decode(hash, 'hex'))
      order by 1
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
  await sql`
    insert into inventory_change (organization_id, asset_id, collector, change, at, added, removed)
    select organization_id, asset_id, collector, change, greatest(${at}::timestamptz, last_at), added::integer[], removed::integer[]
    from unnest(
      ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[], ${rows.map(({ change }) => change)}::integer[],
      ${rows.map(({ lastAt }) => lastAt)}::timestamptz[], ${rows.map(({ came }) => came)}::text[], ${rows.map(({ went }) => went)}::text[]
    ) as new (organization_id, asset_id, collector, change, last_at, added, removed)`.execute(tx);
}

function arrayText(ids: Iterable<number>): string {
  return `{${[...ids].join()}}`;
}
