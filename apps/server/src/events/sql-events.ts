import type { EventKindName, EventSorting } from '@vedette/protocol';
import { type Field, foldQuery, type Query } from '@vedette/query';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { isTimeout } from '../db/database-error.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { type Condition, meaningOfLists, testCondition } from '../query/test-condition.ts';
import type { Behind, Buckets, EventPart, EventQuestion, EventRelation, EventRow, Happened } from './event-kind.ts';

/** A page takes milliseconds, unless it has to be looked for far and wide. */
export const pageSeconds = 20;
/** Nobody waits longer for a number. */
export const countSeconds = 3;

interface Asked {
  readonly kind: EventKindName;
  readonly relation: EventRelation;
  readonly question: EventQuestion;
}

/** Events of a relation that fit the question, in an order. */
export async function pageOfRelation(
  db: Kysely<Database>,
  asked: Asked,
  { order, behind, limit, assetIds }: EventPart,
): Promise<EventRow[]> {
  const value = valueSql(order.by);
  const [ahead, back] = order.isTurned ? [sql`asc`, sql`desc`] : [sql`desc`, sql`asc`];
  const page = sql<EventRow>`
    select (extract(epoch from at) * 1000)::float8 as at, key, ref, status, cause, asset_id, collector, package, version,
      previous, check_number, name, severity, detail, ${value ?? sql`null`} as value
    from (${asked.relation}) as event
    where ${conditionOf(asked)} and ${behind ? isBehind(behind, { value, isTurned: order.isTurned }) : sql`true`}
      and ${assetIds ? sql`event.asset_id = any(${[...assetIds]}::uuid[])` : sql`true`}
    order by ${value ? sql`${value} ${back},` : sql``} event.at ${ahead}, key collate "C" ${back} limit ${limit}`;
  return soon(db, page);
}

/** The moment of the last event on a page by time; null where there are fewer. */
export async function reachOfRelation(
  db: Kysely<Database>,
  asked: Asked,
  { order: { isTurned }, behind, limit }: EventPart,
): Promise<number | null> {
  const [last] = await soon(
    db,
    sql<{ at: number }>`
    select (extract(epoch from at) * 1000)::float8 as at from (${asked.relation}) as event
    where ${conditionOf(asked)} and ${behind ? isBehind(behind, { value: null, isTurned }) : sql`true`}
    order by event.at ${isTurned ? sql`asc` : sql`desc`} offset ${limit - 1} limit 1`,
  );
  return last?.at ?? null;
}

/** On which assets any of the events happened. */
export async function assetsOfRelation(db: Kysely<Database>, asked: Asked): Promise<Happened> {
  const [found] = await soon(
    db,
    sql<{ assetIds: string | null; onNone: boolean | null }>`
    select string_agg(asset_id::text, ' ') as asset_ids, bool_or(asset_id is null) as on_none from (
      select distinct asset_id from (${asked.relation}) as event where ${conditionOf(asked)}
    ) as happened`,
  );
  return { assetIds: found?.assetIds?.split(' ') ?? [], onNone: found?.onNone ?? false };
}

/** Throws ApiError BAD_REQUEST where finding takes too long. */
async function soon<Row>(db: Kysely<Database>, statement: RawBuilder<Row>): Promise<Row[]> {
  const rows = await within(db, pageSeconds * 1000, statement);
  if (rows) return rows;
  throw takesTooLong();
}

export function takesTooLong(): ApiError {
  const message = `query: finding these events takes longer than ${pageSeconds} seconds; ask for a shorter stretch of time, or for a package or some assets`;
  return new ApiError('BAD_REQUEST', message);
}

/** How many events of a relation that fit the question fall into each bucket; null where counting them takes too long. */
export async function countRelation(
  db: Kysely<Database>,
  asked: Asked,
  { from, stepMs, count }: Buckets,
): Promise<number[] | null> {
  const counted = sql<{ bucket: number; events: number }>`
    select floor(((extract(epoch from at) * 1000)::float8 - ${from}::float8) / ${stepMs}::float8)::integer as bucket,
      count(*)::integer as events
    from (${asked.relation}) as event where ${conditionOf(asked)} group by 1`;
  const rows = await within(db, countSeconds * 1000, counted);
  if (!rows) return null;
  const counts = Array.from({ length: count }, () => 0);
  for (const { bucket, events } of rows) counts[Math.min(Math.max(bucket, 0), count - 1)]! += events;
  return counts;
}

/** What a statement finds; null where it takes longer. */
export async function within<Row>(db: Kysely<Database>, ms: number, statement: RawBuilder<Row>): Promise<Row[] | null> {
  // To PostgreSQL 0 is no limit.
  if (ms < 1) return null;
  try {
    return await db.transaction().execute(async (tx) => {
      await sql`select set_config('statement_timeout', ${`${Math.ceil(ms)}ms`}, true)`.execute(tx);
      return (await statement.execute(tx)).rows;
    });
  } catch (error) {
    if (isTimeout(error)) return null;
    throw error;
  }
}

/** The same as valueOf says of events that are no rows; null where the time comes first. */
function valueSql(by: EventSorting): RawBuilder<unknown> | null {
  switch (by) {
    case 'at':
    case 'kind':
      return null;
    case 'severity':
      return sql`(-coalesce(event.severity, 0))::float8`;
    case 'status':
    case 'cause':
    case 'collector':
    case 'hostname': {
      const text = sql.ref(`event.${by}`);
      return sql`(case when coalesce(${text}, '') = '' then '1' else '0' || ${text} end) collate "C"`;
    }
  }
}

interface Way {
  readonly value: RawBuilder<unknown> | null;
  readonly isTurned: boolean;
}

function isBehind(behind: Behind, { value, isTurned }: Way): RawBuilder<boolean> {
  const later = isBehindMoment(behind, isTurned);
  if (!value) return later;
  const place = typeof behind.value === 'number' ? sql`${behind.value}::float8` : sql`${behind.value}::text`;
  return sql<boolean>`(${value} ${isTurned ? sql`<` : sql`>`} ${place} or (${value} = ${place} and ${later}))`;
}

/** The first condition alone is one that an index by time answers. */
function isBehindMoment({ at, told }: Behind, isTurned: boolean): RawBuilder<boolean> {
  const moment = sql`${new Date(at)}::timestamptz`;
  const [ahead, back] = isTurned ? [sql`>`, sql`<`] : [sql`<`, sql`>`];
  if (told === 'all') return sql<boolean>`event.at ${ahead} ${moment}`;
  if (told === 'none') return sql<boolean>`event.at ${ahead}= ${moment}`;
  return sql<boolean>`(event.at ${ahead}= ${moment} and (event.at ${ahead} ${moment} or key collate "C" ${back} ${told.upTo}))`;
}

function conditionOf({ kind, question: { query, fitting } }: Asked): Condition {
  if (!query) return sql`true`;
  return foldQuery<Condition>(query, {
    ...meaningOfLists,
    test: (field, test) => testCondition(columnOf(field, kind), field, test),
    nested: (_, part) => sql`coalesce(event.asset_number = any(${arrayText(fitting(part))}::integer[]), false)`,
  });
}

const texts = new WeakMap<readonly number[], string>();

/** As PostgreSQL reads an array, written once for all statements of a question: there may be as many as assets. */
function arrayText(numbers: readonly number[]): string {
  const known = texts.get(numbers) ?? `{${numbers.join()}}`;
  texts.set(numbers, known);
  return known;
}

function columnOf({ name }: Field, kind: EventKindName): RawBuilder<unknown> {
  switch (name) {
    case 'kind':
      return sql`${kind}::text`;
    case 'check':
      return sql`event.check_number`;
    case 'at':
    case 'status':
    case 'cause':
    case 'collector':
    case 'package':
    case 'version':
    case 'previous':
    case 'name':
    case 'severity':
      return sql.ref(`event.${name}`);
    default:
      throw new Error(`events have no ${name}`);
  }
}

/** Whether any event of a kind can fit, whatever else is asked; a query that names its kinds looks at no others. */
export function mayFit(query: Query | null, kind: EventKindName): boolean {
  if (!query) return true;
  return (
    foldQuery<boolean | null>(query, {
      ...certain,
      test: ({ name }, test) => (name === 'kind' && test.is === 'equal' ? test.value === kind : null),
      nested: () => null,
    }) !== false
  );
}

/** And, or and not where some parts are not known: null. */
export const certain = {
  all: (parts: readonly (boolean | null)[]) => (parts.includes(false) ? false : parts.includes(null) ? null : true),
  any: (parts: readonly (boolean | null)[]) => (parts.includes(true) ? true : parts.includes(null) ? null : false),
  not: (part: boolean | null) => (part === null ? null : !part),
};
