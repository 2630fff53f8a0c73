import { randomUUID } from 'node:crypto';
import type { Exception, ExceptionRules, ExceptionSorting, ExceptionState, VexJustification, VexStatus } from '@vedette/protocol';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import {
  byFigure,
  byNewest,
  bySoonest,
  byText,
  findSorted,
  type SortedPage,
  type SortedPart,
  type SortKey,
} from '../http/list-cursor.ts';
import { inForceAt } from './cover.ts';

type Db = Kysely<Database>;
export type ExceptionRow = Selectable<Database['exception']> & { readonly checks: number; readonly names: string[] };

/** Of so many checks an exception tells the names. */
const namesShown = 5;
/** Rows of exception_check in one statement. */
const part = 1000;

export interface AskedException {
  readonly organizationId: string;
  readonly assets: string;
  readonly query: string;
  readonly anyVersion: boolean;
  readonly status: VexStatus;
  readonly justification: VexJustification | null;
  readonly reason: string;
  readonly comment: string;
  readonly source: Exception['source'];
  readonly document: string | null;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly expiresAt: Date | null;
  /** Null where a second person has to. */
  readonly approvedBy: string | null;
  readonly checks: ReadonlyMap<number, ReadonlySet<number> | null>;
}

/** What was asked for, without its checks, with what is decided at once. */
export function decided({ approvedBy, ...asked }: Omit<AskedException, 'checks'>) {
  const decision = approvedBy === null ? null : ('approved' as const);
  return { ...asked, decision, decidedBy: approvedBy, decidedAt: approvedBy === null ? null : asked.requestedAt };
}

export async function insertException(tx: Db, { checks, ...asked }: AskedException): Promise<string> {
  const id = randomUUID();
  await tx
    .insertInto('exception')
    .values({ ...decided(asked), id, endedBy: null })
    .execute();
  const rows = [...checks].map(([checkNumber, ids]) => ({
    organizationId: asked.organizationId,
    exceptionId: id,
    checkNumber,
    packageVersionIds: asked.anyVersion || ids === null ? null : [...ids],
  }));
  for (let from = 0; from < rows.length; from += part) {
    await tx
      .insertInto('exceptionCheck')
      .values(rows.slice(from, from + part))
      .execute();
  }
  return id;
}

/** Open detections under each exception that holds. */
export type Covered = ReadonlyMap<string, number>;

/** Exceptions in an order, a part of them. */
export async function findExceptions(
  db: Db,
  wish: SortedPart<ExceptionSorting> & {
    readonly organizationId: string;
    readonly now: Date;
    readonly state?: ExceptionState | undefined;
    readonly check?: number | undefined;
    readonly covered: Covered;
  },
): Promise<SortedPage<ExceptionRow>> {
  const { organizationId, now, state, check, covered } = wish;
  const listed = sql`
    ${selectExceptions(organizationId)} and ${state === undefined ? sql`true` : stateSql(state, now)}
      and ${
        check === undefined
          ? sql`true`
          : sql`id in (
        select exception_id from exception_check where organization_id = ${organizationId} and check_number = ${check})`
      }`;
  return findSorted(db, listed, sortKeys(wish.sort, now, covered), wish);
}

export async function findException(db: Db, organizationId: string, id: string): Promise<ExceptionRow | null> {
  const { rows } = await sql<ExceptionRow>`${selectExceptions(organizationId)} and id = ${id}`.execute(db);
  return rows[0] ?? null;
}

function selectExceptions(organizationId: string): RawBuilder<unknown> {
  return sql`
    select exception.*,
      (select count(*) from exception_check as listed
        where listed.organization_id = exception.organization_id and exception_id = exception.id)::integer as checks,
      array(
        select name from exception_check as listed
        join knowledge_check on number = check_number and valid_until is null
        where listed.organization_id = exception.organization_id and exception_id = exception.id
        order by severity desc, name limit ${namesShown}) as names
    from exception
    where organization_id = ${organizationId}`;
}

/** What waits for somebody first, what never held last. */
const statesInOrder = ['requested', 'active', 'expired', 'ended', 'rejected'] as const;

function sortKeys(sort: ExceptionSorting, now: Date, covered: Covered): readonly SortKey[] {
  const newest: SortKey[] = [...byNewest(sql`requested_at`), { by: sql`id::text`, type: 'text' }];
  switch (sort) {
    case 'requestedAt':
      return newest;
    case 'checks':
      return [...byFigure(sql`checks`), ...newest];
    case 'expiresAt':
      return [...bySoonest(sql`expires_at`), ...newest];
    case 'covered': {
      const found = sql`
        (select case when ${inForceAt(now)} then coalesce(sum(detections), 0) end
          from unnest(${[...covered.keys()]}::uuid[], ${[...covered.values()]}::integer[]) as found (id, detections)
          where found.id = listed.id)`;
      return [...byFigure(found), ...newest];
    }
    case 'state': {
      const ways = statesInOrder.map((state, place) => sql`when ${stateSql(state, now)} then ${sql.lit(place)}`);
      return [{ by: sql`case ${sql.join(ways, sql` `)} else ${sql.lit(ways.length)} end`, type: 'number' }, ...newest];
    }
    case 'reason':
    case 'status':
    case 'query':
    case 'assets':
    case 'comment':
    case 'requestedBy':
    case 'decidedBy':
      return [...byText(sql.ref(sort)), ...newest];
  }
}

function stateSql(state: ExceptionState, now: Date): RawBuilder<boolean> {
  switch (state) {
    case 'requested':
      return sql`(decision is null and ended_at is null)`;
    case 'rejected':
      return sql`(decision = 'rejected')`;
    case 'active':
      return inForceAt(now);
    case 'ended':
      return sql`(ended_at <= ${now} and decision is distinct from 'rejected')`;
    case 'expired':
      return sql`(decision = 'approved' and ended_at is null and expires_at <= ${now})`;
  }
}

/** Where an exception stands at a moment. */
export function stateOf(row: Pick<ExceptionRow, 'decision' | 'endedAt' | 'expiresAt'>, now: Date): ExceptionState {
  if (row.decision === 'rejected') return 'rejected';
  if (row.endedAt && row.endedAt <= now) return 'ended';
  if (row.decision === null) return 'requested';
  return row.expiresAt && row.expiresAt <= now ? 'expired' : 'active';
}

/** False where it had been decided or ended. */
export async function decide(
  db: Db,
  key: { readonly organizationId: string; readonly id: string },
  by: { readonly decision: 'approved' | 'rejected'; readonly decidedBy: string; readonly decidedAt: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('exception')
    .set(by)
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .where('decision', 'is', null)
    .where('endedAt', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** False where it had ended. */
export async function end(
  db: Db,
  key: { readonly organizationId: string; readonly id: string },
  by: { readonly endedBy: string; readonly endedAt: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('exception')
    .set(by)
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .where('endedAt', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

const usualRules: ExceptionRules = { secondPerson: false, maxDays: null };

export async function loadRules(db: Db, organizationId: string): Promise<ExceptionRules> {
  const row = await db
    .selectFrom('exceptionRules')
    .select(['secondPerson', 'maxDays'])
    .where('organizationId', '=', organizationId)
    .executeTakeFirst();
  return row ?? usualRules;
}

export async function saveRules(
  db: Db,
  organizationId: string,
  rules: ExceptionRules & { readonly changedAt: Date; readonly changedBy: string },
): Promise<void> {
  await db
    .insertInto('exceptionRules')
    .values({ organizationId, ...rules })
    .onConflict((conflict) => conflict.column('organizationId').doUpdateSet(rules))
    .execute();
}
