import type { AssetSorting, SortDirection } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { AssetTable } from '../fleet-index/asset-table.ts';

/** By what the database alone can sort: it changes with check-ins, which do not reach the index. */
export type StoredSorting = Extract<AssetSorting, 'packages' | 'firstSeen' | 'lastSeen' | 'lastScan'>;

export interface SortWish {
  readonly organizationId: string;
  readonly sort: StoredSorting;
  readonly direction: SortDirection;
  /** The value with which the page begins; null for the beginning of the list. */
  readonly from: number | null;
}

/** What PostgreSQL sent: a number of four bytes and a value of eight for each asset. A hundred thousand rows would take several times as long to read. */
export interface SentValues {
  readonly sent: Buffer;
  readonly isDescending: boolean;
  /** Only assets that come first; absent ones follow, or lie before the page. */
  readonly isPart: boolean;
}

/** A page is mostly among these, whatever is filtered; to send and to sort all of a large fleet takes several times as long. */
export const firstCount = 2000;
const rowBytes = 12;

export function isStored(sort: AssetSorting): sort is StoredSorting {
  return sort === 'packages' || sort === 'firstSeen' || sort === 'lastSeen' || sort === 'lastScan';
}

/** Values of all assets of the organization, or of the first ones from where the page begins. */
export async function loadSortValues(
  db: Kysely<Database>,
  { organizationId, sort, direction, from }: SortWish,
  { isPart }: { readonly isPart: boolean },
): Promise<SentValues> {
  const isDescending = direction === 'descending';
  const value = sort === 'packages' ? sql`int8send(value)` : sql`timestamptz_send(value)`;
  const first = sql`
    where ${isFrom({ sort, isDescending, from })}
    order by value ${isDescending ? sql`desc nulls last` : sql`asc nulls first`} limit ${firstCount}`;
  const { rows } = await sql<{ sent: Buffer | null }>`
    select string_agg(int4send(number) || coalesce(${value}, int8send(-1)), '') as sent
    from (
      select * from (select number, ${sql.ref(sort)} as value from asset where organization_id = ${organizationId}) as known
      ${isPart ? first : sql``}
    ) as wanted`.execute(db);
  return { sent: rows[0]?.sent ?? Buffer.alloc(0), isDescending, isPart };
}

/** What is not there comes before all else, or descending behind it. */
function isFrom({ sort, isDescending, from }: Pick<SortWish, 'sort' | 'from'> & { readonly isDescending: boolean }) {
  // No moment of ours is before 2000; a cursor may say anything.
  if (from === null || !Number.isSafeInteger(from) || from < 0) return sql`true`;
  const bound =
    sort === 'packages' ? sql`${from}::bigint` : sql`'2000-01-01Z'::timestamptz + ${from}::float8 * interval '1 microsecond'`;
  return isDescending ? sql`(value <= ${bound} or value is null)` : sql`value >= ${bound}`;
}

/** Values by dense numbers of an index: microseconds since 2000, or packages; -1 for none. Use it before the next await, and dispose it. */
export class SortValues implements Disposable {
  /** Those that are known to come before all others that the page may show; null for all. */
  readonly first: RoaringBitmap32 | null;
  /** Others may follow these. */
  readonly isCut: boolean;
  readonly #values: Float64Array;

  constructor(table: AssetTable, { sent, isDescending, isPart }: SentValues) {
    this.#values = new Float64Array(table.assets.length).fill(-1);
    this.isCut = isPart && sent.length === firstCount * rowBytes;
    const known: number[] = [];
    const view = new DataView(sent.buffer, sent.byteOffset, sent.byteLength);
    let last = isDescending ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    for (let at = 0; at < sent.length; at += rowBytes) {
      const value = view.getInt32(at + 4) * 2 ** 32 + view.getUint32(at + 8);
      last = isDescending ? Math.min(last, value) : Math.max(last, value);
      const asset = table.find(view.getInt32(at));
      if (asset === undefined) continue;
      this.#values[asset] = value;
      if (isPart) known.push(asset);
    }
    // Of those that share the last value others may follow, and names decide between them.
    const isSure = (asset: number): boolean => !this.isCut || this.of(asset) !== last;
    this.first = isPart ? new RoaringBitmap32(known.filter(isSure)) : null;
  }

  of(asset: number): number {
    return this.#values[asset] ?? -1;
  }

  [Symbol.dispose](): void {
    this.first?.dispose();
  }
}
