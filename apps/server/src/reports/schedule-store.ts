import { randomUUID } from 'node:crypto';
import { ReportScope, type ReportSchedule } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { insertMessage } from '../notifications/write-messages.ts';
import { nextRun } from './next-run.ts';
import { withDeadlines } from './report-deadlines.ts';
import { insertReport, lastMoment, type Reader, type ReportRow } from './store.ts';

type Db = Kysely<Database>;
export type ScheduleRow = Selectable<Database['reportSchedule']>;

const dayMs = 24 * 3600 * 1000;

export async function loadSchedules(db: Db, { organizationId, login, seesAll }: Reader): Promise<ScheduleRow[]> {
  const rows = db.selectFrom('reportSchedule').selectAll().where('organizationId', '=', organizationId);
  return (seesAll ? rows : rows.where('createdBy', '=', login)).orderBy('createdAt').orderBy('id').execute();
}

export async function writeSchedule(
  db: Db,
  { wish, ...row }: Omit<ScheduleRow, 'wish' | 'lastRunAt' | 'lastProblem'> & { wish: ReportScope },
): Promise<ScheduleRow> {
  const values = { ...row, wish: JSON.stringify(wish) };
  const { cron, timeZone, keepDays, channelIds, enabled, nextRunAt, scopes } = row;
  const change = { cron, timeZone, keepDays, channelIds, enabled, nextRunAt, scopes, wish: values.wish, lastProblem: null };
  return db
    .insertInto('reportSchedule')
    .values(values)
    .onConflict((on) => on.column('id').doUpdateSet(change))
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * Wishes for the reports whose time has come, each for the moment that was planned, and plans the next. Times that passed while nobody
 * looked are one. Several processes may do it at once: each schedule is run by one of them. Returns how many this one ran.
 */
export async function runDueSchedules(db: Db, now: Date): Promise<number> {
  for (let count = 0; ; count += 1) {
    if (!(await db.transaction().execute((tx) => runNextDue(tx, now)))) return count;
  }
}

/** False where none is due. One that cannot be run is switched off, and says why: it keeps no other from its time. */
async function runNextDue(tx: Db, now: Date): Promise<boolean> {
  const { rows } = await sql<ScheduleRow>`
    select * from report_schedule where enabled and next_run_at <= ${now} order by next_run_at, id limit 1 for update skip locked`.execute(
    tx,
  );
  const [row] = rows;
  if (!row) return false;
  const schedule = tx.updateTable('reportSchedule').where('id', '=', row.id);
  const [plan, problem] = planOf(row, now);
  if (!plan) {
    await schedule.set({ enabled: false, lastProblem: problem }).execute();
    return true;
  }
  await runSchedule(tx, row, { asOf: row.nextRunAt ?? now, now });
  await schedule.set({ nextRunAt: plan.next, lastRunAt: now, lastProblem: null }).execute();
  return true;
}

/** When it is due again, or why it cannot be run: rules of the version that saved it may have been others. */
function planOf(row: ScheduleRow, now: Date): [{ readonly next: Date | null } | null, string | null] {
  const wish = ReportScope.safeParse(row.wish);
  if (!wish.success) return [null, 'What it asks for is understood no more: save it anew.'];
  try {
    return [{ next: nextRun(row, now) }, null];
  } catch (error) {
    if (error instanceof ApiError) return [null, error.message];
    throw error;
  }
}

/** Wishes for a report of a schedule. */
export async function runSchedule(tx: Db, row: ScheduleRow, { asOf, now }: { asOf: Date; now: Date }): Promise<ReportRow> {
  const { organizationId, id: scheduleId, keepDays, createdBy, scopes } = row;
  const wish = await withDeadlines(tx, organizationId, ReportScope.parse(row.wish));
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
  const { name } = ReportScope.parse(wish);
  const subject = `${name ?? 'Report'}, ${asOf.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  for (const { channelId } of rows) {
    const body = { kind: 'report', reportId } as const;
    await insertMessage(tx, { organizationId, channelId, ruleId: null, subject, events: 0, body, createdAt: now, dueAt: now });
  }
}

export function toSchedule(row: ScheduleRow): ReportSchedule {
  const wish = ReportScope.parse(row.wish);
  return {
    scheduleId: row.id,
    ...wish,
    assets: wish.assets ?? null,
    detections: wish.detections ?? null,
    cron: row.cron,
    timeZone: row.timeZone,
    keepDays: row.keepDays,
    channelIds: row.channelIds,
    enabled: row.enabled,
    createdBy: row.createdBy,
    nextRunAt: row.enabled ? (row.nextRunAt?.toISOString() ?? null) : null,
    lastRunAt: row.lastRunAt?.toISOString() ?? null,
    problem: row.lastProblem,
  };
}
