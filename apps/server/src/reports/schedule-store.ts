import { randomUUID } from 'node:crypto';
import type { AuditHead, ReportSchedule, ReportScope } from '@vedette/protocol';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { appendWithin, type NewAuditEvent } from '../audit/append-audit.ts';
import { logAudited } from '../audit/audit-request.ts';
import { ownerRights } from '../auth/owner-rights.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { insertMessage } from '../notifications/write-messages.ts';
import { nextRun } from './next-run.ts';
import { withDeadlines } from './report-deadlines.ts';
import { insertReport, lastMoment, type Reader, type ReportRow } from './store.ts';
import { readWish, shownWish } from './stored-wish.ts';

type Db = Kysely<Database>;
export type ScheduleRow = Selectable<Database['reportSchedule']>;

const dayMs = 24 * 3600 * 1000;

export async function loadSchedules(db: Db, { organizationId, userId, seesAll }: Reader): Promise<ScheduleRow[]> {
  const rows = db.selectFrom('reportSchedule').selectAll().where('organizationId', '=', organizationId);
  return (seesAll ? rows : rows.where('ownerId', '=', userId)).orderBy('createdAt').orderBy('id').execute();
}

/** Makes a schedule, or changes one: whose it is stays. */
export async function writeSchedule(
  db: Db,
  { wish, ...row }: Omit<ScheduleRow, 'wish' | 'lastRunAt' | 'lastProblem'> & { wish: ReportScope },
): Promise<ScheduleRow> {
  const values = { ...row, wish: JSON.stringify(wish) };
  const { cron, timeZone, keepDays, channelIds, enabled, nextRunAt } = row;
  const change = { cron, timeZone, keepDays, channelIds, enabled, nextRunAt, wish: values.wish, lastProblem: null };
  return db
    .insertInto('reportSchedule')
    .values(values)
    .onConflict((on) => on.column('id').doUpdateSet(change))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** A schedule that was stopped, for the log. */
interface Stopped {
  readonly event: NewAuditEvent;
  readonly head: AuditHead;
}

/**
 * Wishes for the reports whose time has come, each for the moment that was planned, and plans the next. Times that passed while nobody
 * looked are one. Several processes may do it at once: each schedule is run by one of them. Returns how many this one ran or stopped.
 */
export async function runDueSchedules(context: Pick<Context, 'db' | 'log'>, now: Date): Promise<number> {
  for (let count = 0; ; count += 1) {
    const done = await context.db.transaction().execute((tx) => runNextDue(tx, now));
    if (done === null) return count;
    if (done !== 'run') logAudited(context, done.event, done.head);
  }
}

/** Null where none is due. One that cannot be run is switched off, and says why: it keeps no other from its time. */
async function runNextDue(tx: Transaction<Database>, now: Date): Promise<'run' | Stopped | null> {
  const { rows } = await sql<ScheduleRow>`
    select * from report_schedule where enabled and next_run_at <= ${now} order by next_run_at, id limit 1 for update skip locked`.execute(
    tx,
  );
  const [row] = rows;
  if (!row) return null;
  const problem = await problemOf(tx, row);
  const [plan, oddTimes] = planOf(row, now);
  if (problem !== null || !plan) return stop(tx, row, { problem: problem ?? oddTimes, now });
  await runSchedule(tx, row, { asOf: row.nextRunAt ?? now, now });
  const done = { nextRunAt: plan.next, lastRunAt: now, lastProblem: null };
  await tx.updateTable('reportSchedule').set(done).where('id', '=', row.id).execute();
  return 'run';
}

/** When it is due again, or why that cannot be said: rules of the version that saved it may have been others. */
function planOf(row: ScheduleRow, now: Date): [{ readonly next: Date | null } | null, string | null] {
  try {
    return [{ next: nextRun(row, now) }, null];
  } catch (error) {
    if (error instanceof ApiError) return [null, error.message];
    throw error;
  }
}

/** Why a schedule cannot be run now, and what to do; null where it can. */
export async function problemOf(db: Db, row: ScheduleRow): Promise<string | null> {
  if (!readWish(row.wish)) return 'What it asks for is understood no more: save it anew, or delete it.';
  const { problem } = await ownerRights(db, row, 'report:write', 'detection:read');
  return problem && `${problem}: whoever may see every asset can take it over.`;
}

/** Nobody asked for it: it stands in the audit log as done by the platform. */
async function stop(
  tx: Transaction<Database>,
  { organizationId, id, wish, createdBy }: ScheduleRow,
  { problem, now }: { problem: string | null; now: Date },
): Promise<Stopped> {
  await tx.updateTable('reportSchedule').set({ enabled: false, lastProblem: problem }).where('id', '=', id).execute();
  const event: NewAuditEvent = {
    organizationId,
    action: 'stopReportSchedule',
    outcome: 'done',
    actor: { userId: null, login: '', via: 'platform', address: '', userAgent: '' },
    target: { scheduleId: id },
    detail: { name: shownWish(wish).name, owner: createdBy, problem },
  };
  return { event, head: await appendWithin(tx, event, now) };
}

/** Makes a schedule somebody else's: from now on it runs with what they may see. One that was stopped goes on. */
export async function takeOverSchedule(
  db: Db,
  row: ScheduleRow,
  taker: Pick<ScheduleRow, 'ownerId' | 'createdBy' | 'scopes' | 'nextRunAt'>,
): Promise<ScheduleRow> {
  return db
    .updateTable('reportSchedule')
    .set({ ...taker, enabled: row.enabled || row.lastProblem !== null, lastProblem: null })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Wishes for a report of a schedule. Throws ApiError CONFLICT where what it asks for is understood no more. */
export async function runSchedule(tx: Db, row: ScheduleRow, { asOf, now }: { asOf: Date; now: Date }): Promise<ReportRow> {
  const { organizationId, id: scheduleId, keepDays, createdBy, ownerId, scopes } = row;
  const stored = readWish(row.wish);
  if (!stored) throw new ApiError('CONFLICT', 'What the schedule asks for is understood no more.');
  const wish = await withDeadlines(tx, organizationId, stored);
  const since =
    wish.kind === 'difference'
      ? ((await lastMoment(tx, { organizationId, wish, asOf })) ?? new Date(asOf.getTime() - 7 * dayMs))
      : null;
  const expiresAt = new Date(now.getTime() + keepDays * dayMs);
  return insertReport(tx, {
    organizationId,
    id: randomUUID(),
    scheduleId,
    wish,
    asOf,
    since,
    createdAt: now,
    createdBy,
    ownerId,
    scopes,
    expiresAt,
  });
}

/** Once a report of a schedule is done: sends it, in the same transaction. */
export async function announce(
  tx: Db,
  { scheduleId, id: reportId, organizationId, asOf, wish }: ReportRow,
  now: Date,
): Promise<void> {
  if (scheduleId === null) return;
  const { rows } = await sql<{ channelId: string }>`
    select channel.id as channel_id from report_schedule as schedule
    join notification_channel as channel on channel.id = any(schedule.channel_ids) and channel.organization_id = schedule.organization_id
    where schedule.id = ${scheduleId}`.execute(tx);
  const { name } = shownWish(wish);
  const subject = `${name || 'Report'}, ${asOf.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  for (const { channelId } of rows) {
    const body = { kind: 'report', reportId } as const;
    await insertMessage(tx, { organizationId, channelId, ruleId: null, subject, events: 0, body, createdAt: now, dueAt: now });
  }
}

export async function toSchedule(db: Db, row: ScheduleRow): Promise<ReportSchedule> {
  const { name, deadlines, ...wish } = shownWish(row.wish);
  return {
    scheduleId: row.id,
    ...wish,
    ...(name ? { name } : {}),
    ...(deadlines ? { deadlines } : {}),
    cron: row.cron,
    timeZone: row.timeZone,
    keepDays: row.keepDays,
    channelIds: row.channelIds,
    enabled: row.enabled,
    createdBy: row.createdBy,
    nextRunAt: row.enabled ? (row.nextRunAt?.toISOString() ?? null) : null,
    lastRunAt: row.lastRunAt?.toISOString() ?? null,
    problem: row.lastProblem ?? (await problemOf(db, row)),
  };
}
