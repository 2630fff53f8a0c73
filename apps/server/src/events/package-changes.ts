import { postureFact } from '@vedette/protocol';
import type { Query } from '@vedette/query';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { testCondition } from '../query/test-condition.ts';
import type { EventQuestion } from './event-kind.ts';
import { within } from './sql-events.ts';

/** What changes more package versions at once is one event: a first report, an upgrade to another release. */
const maxSingle = 1000;
/** So many are read at a time at most: between two parts others have their turn. */
const maxPart = 4000;
const growth = 4;
const maxCompared = 200;

/** An entry of the history of inventories. */
export interface PackageChange {
  readonly assetId: string;
  readonly collector: string;
  readonly change: number;
  /** In ms since 1970. */
  readonly at: number;
  /** Which package versions came and went, as PostgreSQL writes arrays; null where the whole is one event. */
  readonly added: string | null;
  readonly removed: string | null;
}

export interface Walk {
  readonly question: EventQuestion;
  /** From the oldest on. */
  readonly isTurned: boolean;
  /** From this moment on, in ms since 1970. */
  readonly begin: number | null;
  /** So many at first: most pages need no more. */
  readonly atFirst: number;
  /** It takes no longer. */
  readonly seconds: number;
}

/** Changes of packages from the newest to the oldest, or turned round, in parts; null at the end of the time. */
export async function* walkPackageChanges(
  db: Kysely<Database>,
  { question, isTurned, begin, atFirst, seconds }: Walk,
): AsyncGenerator<readonly PackageChange[] | null> {
  const end = performance.now() + seconds * 1000;
  const asked = await loadAsked(db, question.query);
  let last: PackageChange | undefined;
  for (let size = Math.min(atFirst, maxPart); ; size = Math.min(size * growth, maxPart)) {
    const part = await within(db, end - performance.now(), partOf(question, { isTurned, begin, last, size, asked }));
    yield part;
    if (!part || part.length < size) return;
    last = part.at(-1);
  }
}

interface Part extends Pick<Walk, 'isTurned' | 'begin'> {
  readonly last: PackageChange | undefined;
  readonly size: number;
  readonly asked: readonly number[] | null;
}

function partOf({ organizationId, from, to }: EventQuestion, { isTurned, begin, last, size, asked }: Part) {
  const [order, ahead] = isTurned ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`];
  const at = last?.at ?? begin;
  const moment = sql`${at === null ? null : new Date(at)}::timestamptz`;
  const isAhead = at === null ? sql`true` : sql`at ${ahead}= ${moment}`;
  const isLeft = last
    ? sql`(at, asset_id, collector, change) ${ahead} (${moment}, ${last.assetId}::uuid, ${last.collector}, ${last.change}::integer)`
    : sql`true`;
  // Of a first report not even how many they are: PostgreSQL would unpack them.
  const isSingle = sql`change > 1 and cardinality(added) + cardinality(removed) <= ${maxSingle}`;
  return sql<PackageChange>`
    select asset_id, collector, change, (extract(epoch from at) * 1000)::float8 as at,
      case when ${isSingle} then added::text end as added, case when ${isSingle} then removed::text end as removed
    from inventory_change
    where organization_id = ${organizationId} and at >= ${from} and at < ${to} and collector <> ${postureFact.name}
      and (${isSome(sql`added`)} or ${isSome(sql`removed`)}) and ${touches(asked)} and ${isAhead} and ${isLeft}
    order by inventory_change.at ${order}, asset_id ${order}, collector ${order}, change ${order} limit ${size}`;
}

/** Whether an array is not empty, by its size: to compare it PostgreSQL would unpack each, which takes most of the time. */
function isSome(numbers: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`pg_column_size(${numbers}) > pg_column_size('{}'::integer[])`;
}

/** The numbers of the package versions of which each event has to be that fits; null where that may be any. */
async function loadAsked(db: Kysely<Database>, query: Query | null): Promise<readonly number[] | null> {
  const parts = query?.kind === 'and' ? query.parts : query ? [query] : [];
  const tests = parts.flatMap((part) => (part.kind === 'test' && part.field.name === 'package' ? [part] : []));
  if (tests.length === 0) return null;
  const fits = tests.map(({ field, test }) => testCondition(sql`name`, field, test));
  const { rows } = await sql<{ id: number }>`select id from package_version where ${sql.join(fits, sql` and `)}`.execute(db);
  return rows.map(({ id }) => id);
}

/** A condition that every change passes in which something can fit. */
function touches(asked: readonly number[] | null): RawBuilder<unknown> {
  if (!asked) return sql`true`;
  // PostgreSQL compares each number with each.
  const isAmong = asked.length > maxCompared ? sql`true` : sql`(added && ${asked}::integer[] or removed && ${asked}::integer[])`;
  return sql`change > 1 and ${isAmong}`;
}
