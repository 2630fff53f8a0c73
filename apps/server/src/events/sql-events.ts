import type { EventKindName } from '@vedette/protocol';
import { type Field, foldQuery, type Query } from '@vedette/query';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { isTimeout } from '../db/database-error.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { type Condition, meaningOfLists, testCondition } from '../query/test-condition.ts';
import type { Behind, Buckets, EventQuestion, EventRelation, EventRow } from './event-kind.ts';

/** A page takes milliseconds, unless it has to be looked for far and wide. */
const pageSeconds = 20;
/** Nobody waits longer for a number. */
const countSeconds = 3;

interface Asked {
  readonly kind: EventKindName;
  readonly relation: EventRelation;
  readonly question: EventQuestion;
}

/** Events of a relation that fit the question, newest first. */
export async function pageOfRelation(
  db: Kysely<Database>,
  { kind, relation, question }: Asked,
  { behind, limit }: { readonly behind: Behind | null; readonly limit: number },
): Promise<EventRow[]> {
  const page = sql<EventRow>`
    select (extract(epoch from at) * 1000)::float8 as at, key, ref, status, cause, asset_id, asset_number, collector, package, version,
      previous, check_number, name, severity, detail
    from (${relation}) as event
    where ${conditionOf(kind, question)} and ${behind ? isBehind(behind) : sql`true`}
    order by event.at desc, key collate "C" limit ${limit}`;
  const rows = await within(db, pageSeconds, page);
  if (rows) return rows;
  const message = `query: finding these events takes longer than ${pageSeconds} seconds; ask for a shorter stretch of time, or for a package or some assets`;
  throw new ApiError('BAD_REQUEST', message);
}

/** How many events of a relation that fit the question fall into each bucket; null where counting them takes too long. */
export async function countRelation(
  db: Kysely<Database>,
  { kind, relation, question }: Asked,
  { from, stepMs, count }: Buckets,
): Promise<number[] | null> {
  const counted = sql<{ bucket: number; events: number }>`
    select floor(((extract(epoch from at) * 1000)::float8 - ${from}::float8) / ${stepMs}::float8)::integer as bucket,
      count(*)::integer as events
    from (${relation}) as event where ${conditionOf(kind, question)} group by 1`;
  const rows = await within(db, countSeconds, counted);
  if (!rows) return null;
  const counts = Array.from({ length: count }, () => 0);
  for (const { bucket, events } of rows) counts[Math.min(Math.max(bucket, 0), count - 1)]! += events;
  return counts;
}

/** What a statement finds; null where it takes longer than so many seconds. */
async function within<Row>(db: Kysely<Database>, seconds: number, statement: RawBuilder<Row>): Promise<Row[] | null> {
  try {
    return await db.transaction().execute(async (tx) => {
      await sql`select set_config('statement_timeout', ${`${seconds}s`}, true)`.execute(tx);
      return (await statement.execute(tx)).rows;
    });
  } catch (error) {
    if (isTimeout(error)) return null;
    throw error;
  }
}

/** The first condition alone is one that an index by time answers. */
function isBehind({ at, told }: Behind): RawBuilder<boolean> {
  const moment = sql`${new Date(at)}::timestamptz`;
  if (told === 'all') return sql<boolean>`event.at < ${moment}`;
  if (told === 'none') return sql<boolean>`event.at <= ${moment}`;
  return sql<boolean>`(event.at <= ${moment} and (event.at < ${moment} or key collate "C" > ${told.upTo}))`;
}

function conditionOf(kind: EventKindName, { query, fitting }: EventQuestion): Condition {
  if (!query) return sql`true`;
  return foldQuery<Condition>(query, {
    ...meaningOfLists,
    test: (field, test) => testCondition(columnOf(field, kind), field, test),
    nested: (_, part) => sql`coalesce(event.asset_number = any(${[...fitting(part)]}::integer[]), false)`,
  });
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
