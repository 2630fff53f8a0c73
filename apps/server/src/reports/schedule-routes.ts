import { randomUUID } from 'node:crypto';
import {
  deleteReportSchedule,
  listReportSchedules,
  runReportSchedule,
  saveReportSchedule,
  takeOverReportSchedule,
} from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { loadChannels } from '../notifications/store.ts';
import { kindNames } from './make-report.ts';
import { firstRun, nextRun } from './next-run.ts';
import { readMoment } from './report-scope.ts';
import { readerOf, scopesOf } from './routes.ts';
import {
  loadSchedules,
  problemOf,
  runSchedule,
  type ScheduleRow,
  takeOverSchedule,
  toSchedule,
  writeSchedule,
} from './schedule-store.ts';
import { refuseMoreReports, toReport } from './store.ts';

const maxSchedules = 200;

/** Reports at certain times. `onNew` hears that one waits. */
export function registerScheduleRoutes(app: FastifyInstance, context: Context, onNew: () => void): void {
  const { db, clock, log } = context;

  async function find(caller: Caller, scheduleId: string): Promise<ScheduleRow> {
    const row = (await loadSchedules(db, readerOf(caller))).find(({ id }) => id === scheduleId);
    if (!row) throw new ApiError('NOT_FOUND', `There is no schedule ${scheduleId}.`);
    return row;
  }

  serve(app, context, listReportSchedules, async ({ caller }) => {
    const items = [];
    for (const row of await loadSchedules(db, readerOf(caller))) items.push(await toSchedule(db, row));
    return { items };
  });

  serve(app, context, saveReportSchedule, async ({ body, caller }) => {
    const { organizationId, userId, login } = caller;
    const { scheduleId, cron, timeZone, keepDays, channelIds, enabled, ...wish } = body;
    const now = clock();
    readMoment(wish.assets, 'asset', now);
    readMoment(wish.detections, 'detection', now);
    const known = scheduleId === undefined ? null : await find(caller, scheduleId);
    if (!known && (await loadSchedules(db, { organizationId, userId, seesAll: true })).length >= maxSchedules) {
      throw new ApiError('BAD_REQUEST', `An organization has at most ${maxSchedules} schedules.`);
    }
    const mail = new Set(
      (await loadChannels(db, organizationId)).flatMap(({ channelId, settings }) => (settings.kind === 'email' ? channelId : [])),
    );
    const wrong = channelIds.find((id) => !mail.has(id as never)); // any id may be asked for
    if (wrong !== undefined) throw new ApiError('BAD_REQUEST', `body.channelIds: ${wrong} is no e-mail channel`);
    // Whoever changes one of somebody else leaves it theirs: it goes on with what they may see.
    const row = await writeSchedule(db, {
      organizationId,
      id: known?.id ?? randomUUID(),
      wish: { ...wish, name: wish.name ?? kindNames[wish.kind] },
      cron,
      timeZone,
      keepDays,
      channelIds: [...new Set(channelIds)],
      enabled,
      scopes: [...scopesOf(caller)],
      createdAt: now,
      createdBy: login,
      ownerId: userId,
      nextRunAt: firstRun({ cron, timeZone }, now),
    });
    log.info({ audit: 'report-schedule', organizationId, schedule: row.id, by: login }, 'a schedule was saved');
    return toSchedule(db, row);
  });

  serve(app, context, takeOverReportSchedule, async ({ params: { scheduleId }, caller, note }) => {
    const { userId: ownerId, login: createdBy } = caller;
    const before = await find(caller, scheduleId);
    const taker = { ownerId, createdBy, scopes: [...scopesOf(caller)], nextRunAt: nextRun(before, clock()) };
    note({ before: { owner: before.createdBy, enabled: before.enabled, problem: before.lastProblem } });
    return toSchedule(db, await takeOverSchedule(db, before, taker));
  });

  serve(app, context, deleteReportSchedule, async ({ params: { scheduleId }, caller }) => {
    const row = await find(caller, scheduleId);
    await db.deleteFrom('reportSchedule').where('id', '=', row.id).execute();
    log.info({ audit: 'report-schedule-deleted', schedule: row.id, by: caller.login }, 'a schedule was deleted');
    return { deleted: true as const };
  });

  serve(app, context, runReportSchedule, async ({ params: { scheduleId }, caller }) => {
    const now = clock();
    const row = await find(caller, scheduleId);
    const problem = await problemOf(db, row);
    if (problem !== null) throw new ApiError('CONFLICT', problem);
    await refuseMoreReports(db, caller.organizationId);
    const report = await runSchedule(db, row, { asOf: now, now });
    onNew();
    return toReport(report);
  });
}
