import type { SortDirection } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import type { Database } from '../db/schema.ts';
import { ApiError } from './api-error.ts';

/** Where something stands in a list: what the list is sorted by. The last value is no other's. */
export type Place = readonly (string | number)[];

/** A place as text that means nothing to whoever holds it. `order` names the list's order: a place in one is none in another. */
export function writePlace(order: string, place: Place): string {
  return Buffer.from(JSON.stringify([order, ...place])).toString('base64url');
}

const Values = z.array(z.union([z.string().max(1000), z.number()])).max(20);

function isOf(value: string | number, type: SortKey['type']): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  return type === 'number' ? typeof value === 'number' : typeof value === 'string' && !value.includes('\0');
}

/** `types`: of what the list is sorted by. Throws ApiError BAD_REQUEST for text that no list of this order gave out. */
export function readPlace(text: string, order: string, types: readonly SortKey['type'][]): Place {
  const found = Values.safeParse(parseOrNull(Buffer.from(text, 'base64url').toString()));
  const [named, ...place] = found.success ? found.data : [];
  const fits = place.length === types.length && place.every((value, index) => isOf(value, types[index] ?? 'number'));
  if (named !== order || !fits) throw new ApiError('BAD_REQUEST', 'query.after: this is no cursor of this list in this order');
  return place;
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text); // checked by the caller
  } catch {
    return null;
  }
}

/** One of the things by which rows are sorted. The expression is never null. */
export interface SortKey {
  readonly by: RawBuilder<unknown>;
  /** integer: of a column with an index, which a comparison with any other number would not use. */
  readonly type: 'integer' | 'number' | 'text';
  readonly isDescending?: boolean;
}

/** The same order from its end. */
export function turned(keys: readonly SortKey[]): SortKey[] {
  return keys.map((key) => ({ ...key, isDescending: !key.isDescending }));
}

export function orderBy(keys: readonly SortKey[]): RawBuilder<unknown> {
  return sql.join(keys.map((key) => sql`${expressionOf(key)} ${key.isDescending ? sql`desc` : sql`asc`}`));
}

/** A row's place as a column of JSON. */
export function placeOf(keys: readonly SortKey[]): RawBuilder<Place> {
  return sql<Place>`jsonb_build_array(${sql.join(keys.map(({ by }) => by))})`;
}

/** Whether a row comes behind a place: later in the first key, or as late in that and later in the second, and so on. */
export function isBehind(keys: readonly SortKey[], place: Place): RawBuilder<boolean> {
  const ways = keys.map((key, index) => {
    const same = keys.slice(0, index).map((one, before) => sql`${expressionOf(one)} = ${valueOf(one, place[before])}`);
    const later = sql`${expressionOf(key)} ${key.isDescending ? sql`<` : sql`>`} ${valueOf(key, place[index])}`;
    return sql`(${sql.join([...same, later], sql` and `)})`;
  });
  return sql<boolean>`(${sql.join(ways, sql` or `)})`;
}

/** Texts by their bytes: the order is the same in every database and in the fleet index, whatever the language of the machine. */
function expressionOf({ by, type }: SortKey): RawBuilder<unknown> {
  return type === 'text' ? sql`(${by}) collate "C"` : by;
}

function valueOf({ type }: SortKey, value: string | number | undefined): RawBuilder<unknown> {
  if (type === 'integer') return sql`${value}::bigint`;
  return type === 'text' ? sql`${value}::text` : sql`${value}::float8`;
}

/** Which part of a list, and in which order, as its query says it. */
export interface SortedPart<Sorting extends string = string> {
  readonly sort: Sorting;
  readonly direction: SortDirection;
  /** All when left out. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  readonly after?: string | undefined;
}

export interface SortedPage<Row> {
  readonly total: number;
  readonly rows: Row[];
  readonly next: string | null;
}

/**
 * A part of what `rows`, a select, gives; `keys` are over its columns, the last one is no other row's. Throws ApiError BAD_REQUEST for a
 * cursor of another order.
 */
export async function findSorted<Row>(
  db: Kysely<Database>,
  rows: RawBuilder<unknown>,
  keys: readonly SortKey[],
  { sort, direction, limit, offset = 0, after }: SortedPart,
): Promise<SortedPage<Row>> {
  const order = `${sort} ${direction}`;
  const own = direction === 'descending' ? turned(keys) : keys;
  const types = own.map(({ type }) => type);
  const place = after === undefined ? null : readPlace(after, order, types);
  // One more than wanted says whether others follow.
  const { rows: found } = await sql<Row & { place: Place }>`
    select *, ${placeOf(own)} as place from (${rows}) as listed where ${place ? isBehind(own, place) : sql`true`}
    order by ${orderBy(own)} limit ${limit === undefined ? sql`all` : limit + 1} offset ${offset}`.execute(db);
  const counted = await sql<{ total: number }>`select count(*)::integer as total from (${rows}) as listed`.execute(db);
  const page = limit === undefined ? found : found.slice(0, limit);
  const last = found.length > page.length ? page.at(-1) : undefined;
  return { total: counted.rows[0]?.total ?? 0, rows: page, next: last ? writePlace(order, last.place) : null };
}

/** So many characters of a text decide about its place: a cursor goes into an address. */
const sortedLength = 100;

/** Texts by their letters, small or not; what is not there, last. */
export function byText(text: RawBuilder<unknown>): SortKey[] {
  return [
    { by: sql`(coalesce(${text}, '') = '')::integer`, type: 'number' },
    { by: sql`left(lower(coalesce(${text}, '')), ${sortedLength})`, type: 'text' },
  ];
}

/** Figures, the highest first; what is not there, last. */
export function byFigure(figure: RawBuilder<unknown>): SortKey[] {
  return [{ by: sql`coalesce(-(${figure})::float8, 1e15)`, type: 'number' }];
}

/** Moments, the newest first; what is not there, last. */
export function byNewest(moment: RawBuilder<unknown>): SortKey[] {
  return byFigure(sql`extract(epoch from ${moment})`);
}

/** Moments, the soonest first; what is not there, last. */
export function bySoonest(moment: RawBuilder<unknown>): SortKey[] {
  return [{ by: sql`coalesce(extract(epoch from ${moment})::float8, 1e15)`, type: 'number' }];
}

/** Versions of ours, the oldest first: numbers of `1.2.3` one by one, then what follows a hyphen before none. What is not there comes first. */
export function byVersion(version: RawBuilder<unknown>): SortKey[] {
  const numbers = sql`regexp_match(${version}, '^(\\d{1,9})\\.(\\d{1,9})\\.(\\d{1,9})')`;
  const parts = [1, 2, 3].map((part) => sql`coalesce((${numbers})[${sql.raw(`${part}`)}]::float8, -1)`);
  return [
    ...parts.map((by): SortKey => ({ by, type: 'number' })),
    { by: sql`(strpos(coalesce(${version}, ''), '-') = 0)::integer`, type: 'number' },
    { by: sql`left(coalesce(${version}, ''), ${sortedLength})`, type: 'text' },
  ];
}
