import type { Report, ReportScope, ReportSorting } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
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
import { shownWish } from './stored-wish.ts';

const maxUnfinished = 50;

type Db = Kysely<Database>;
export type ReportRow = Selectable<Database['report']>;

/** Who may see a report: whoever wished for it, and those who may see every asset. */
export interface Reader {
  readonly organizationId: string;
  readonly userId: string;
  readonly seesAll: boolean;
}

export interface NewReport {
  readonly organizationId: string;
  readonly id: string;
  readonly scheduleId: string | null;
  readonly wish: ReportScope;
  readonly asOf: Date;
  readonly since: Date | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly ownerId: string | null;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
}

export async function insertReport(db: Db, { wish, scopes, ...report }: NewReport): Promise<ReportRow> {
  return db
    .insertInto('report')
    .values({ ...report, wish: JSON.stringify(wish), scopes: [...scopes], state: 'queued' })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Throws ApiError TOO_MANY_REQUESTS where so many reports wait, or are being made, that another one is not wished for. */
export async function refuseMoreReports(db: Db, organizationId: string): Promise<void> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from report
    where organization_id = ${organizationId} and state in ('queued', 'running')`.execute(db);
  if ((rows[0]?.count ?? 0) < maxUnfinished) return;
  throw new ApiError('TOO_MANY_REQUESTS', `${maxUnfinished} reports wait already`, { retryAfterSeconds: 30 });
}

function seenBy(db: Db, { organizationId, userId, seesAll }: Reader) {
  const rows = db.selectFrom('report').where('organizationId', '=', organizationId);
  return seesAll ? rows : rows.where('ownerId', '=', userId);
}

const newest: readonly SortKey[] = [...byNewest(sql`created_at`), { by: sql`id::text`, type: 'text' }];

const sortKeys: Readonly<Record<ReportSorting, readonly SortKey[]>> = {
  createdAt: newest,
  name: [...byText(sql`wish ->> 'name'`), ...newest],
  kind: [...byText(sql`wish ->> 'kind'`), ...newest],
  format: [...byText(sql`wish ->> 'format'`), ...newest],
  asOf: [...byNewest(sql`as_of`), ...newest],
  scope: [...byText(sql`concat_ws(' · ', wish ->> 'assets', wish ->> 'detections')`), ...newest],
  state: [{ by: sql`array_position(array['running', 'queued', 'failed', 'done'], state)`, type: 'number' }, ...newest],
  rows: [...byFigure(sql`rows`), ...newest],
  bytes: [...byFigure(sql`bytes`), ...newest],
  createdBy: [...byText(sql`created_by`), ...newest],
  expiresAt: [...bySoonest(sql`expires_at`), ...newest],
};

export async function listReportRows(
  db: Db,
  { organizationId, userId, seesAll }: Reader,
  part: SortedPart<ReportSorting>,
): Promise<SortedPage<ReportRow>> {
  const seen = sql`
    select * from report where organization_id = ${organizationId} and ${seesAll ? sql`true` : sql`owner_id = ${userId}`}`;
  return findSorted(db, seen, sortKeys[part.sort], part);
}

export async function findReport(db: Db, reader: Reader, id: string): Promise<ReportRow | null> {
  return (await seenBy(db, reader).selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
}

export async function removeReport(db: Db, reader: Reader, id: string): Promise<boolean> {
  const row = await findReport(db, reader, id);
  if (!row) return false;
  await db.deleteFrom('report').where('id', '=', row.id).execute();
  return true;
}

/** The moment of the last difference of the same scope: that is where the next one begins. */
export async function lastMoment(
  db: Db,
  { organizationId, wish, asOf }: Pick<NewReport, 'organizationId' | 'wish' | 'asOf'>,
): Promise<Date | null> {
  const { rows } = await sql<{ asOf: Date }>`
    select as_of from report
    where organization_id = ${organizationId} and state = 'done' and as_of < ${asOf}
      and wish - 'format' - 'name' = ${JSON.stringify(wish)}::jsonb - 'format' - 'name'
    order by as_of desc limit 1`.execute(db);
  return rows[0]?.asOf ?? null;
}

/**
 * Takes the oldest report that waits, or whose maker has not been heard of; its number of attempts is the token of whoever has it. Null
 * where there is none.
 */
export async function claimReport(
  db: Db,
  { now, until, settledBefore }: { now: Date; until: Date; settledBefore: Date },
): Promise<ReportRow | null> {
  const { rows } = await sql<ReportRow>`
    update report set state = 'running', claimed_until = ${until}, attempts = attempts + 1
    where id = (
      select id from report
      where (state = 'queued' and as_of <= ${settledBefore} and (claimed_until is null or claimed_until < ${now}))
        or (state = 'running' and claimed_until < ${now})
      order by created_at limit 1 for update skip locked)
    returning *`.execute(db);
  return rows[0] ?? null;
}

interface Claim {
  readonly id: string;
  readonly attempts: number;
}

/** Appends bytes and keeps the report for longer; false where it is somebody else's by now, or nobody's. */
export async function appendChunk(
  db: Db,
  { id, attempts }: Claim,
  { number, content, until }: { number: number; content: Buffer; until: Date },
): Promise<boolean> {
  const { rows } = await sql`
    with own as (
      update report set claimed_until = ${until} where id = ${id} and attempts = ${attempts} and state = 'running' returning id
    )
    insert into report_chunk (report_id, number, content) select id, ${number}::integer, ${content}::bytea from own returning number`.execute(
    db,
  );
  return rows.length > 0;
}

export async function dropChunks(db: Db, { id }: Claim): Promise<void> {
  await db.deleteFrom('reportChunk').where('reportId', '=', id).execute();
}

/** Ends the work on a report; false where it is somebody else's by now. */
export async function settleReport(
  db: Db,
  { id, attempts }: Claim,
  change: Partial<Pick<ReportRow, 'state' | 'problem' | 'finishedAt' | 'claimedUntil' | 'attempts'>> & {
    bytes?: number;
    rows?: number;
    sha256?: string;
  },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('report')
    .set(change)
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The bytes of a report in order, a chunk at a time. */
export async function* readChunks(db: Db, id: string): AsyncGenerator<Buffer> {
  for (let number = 0; ; number += 1) {
    const row = await db
      .selectFrom('reportChunk')
      .select('content')
      .where('reportId', '=', id)
      .where('number', '=', number)
      .executeTakeFirst();
    if (!row) return;
    yield row.content;
  }
}

export async function deleteExpired(db: Db, now: Date): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('report').where('expiresAt', '<=', now).executeTakeFirst();
  return Number(numDeletedRows);
}

export function toReport(row: ReportRow): Report {
  return {
    reportId: row.id as Report['reportId'], // Ids from our own table.
    ...shownWish(row.wish),
    asOf: row.asOf.toISOString(),
    since: row.since?.toISOString() ?? null,
    state: row.state,
    problem: row.problem,
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    expiresAt: row.expiresAt.toISOString(),
    bytes: row.bytes,
    rows: row.rows,
    sha256: row.sha256,
    scheduleId: row.scheduleId,
  };
}
