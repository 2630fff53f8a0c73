import { randomUUID } from 'node:crypto';
import { deleteReportSchedule, listReportSchedules, runReportSchedule, saveReportSchedule } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { loadChannels } from '../notifications/store.ts';
import { kindNames } from './make-report.ts';
import { firstRun } from './next-run.ts';
import { readMoment } from './report-scope.ts';
import { readerOf, scopesOf } from './routes.ts';
import { loadSchedules, runSchedule, type ScheduleRow, toSchedule, writeSchedule } from './schedule-store.ts';
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

  serve(app, context, listReportSchedules, async ({ caller }) => ({
    items: (await loadSchedules(db, readerOf(caller))).map(toSchedule),
  }));

  serve(app, context, saveReportSchedule, async ({ body, caller }) => {
    const { organizationId, login } = caller;
    const { scheduleId, cron, timeZone, keepDays, channelIds, enabled, ...wish } = body;
    const now = clock();
    readMoment(wish.assets, 'asset', now);
    readMoment(wish.detections, 'detection', now);
    if (scheduleId !== undefined) await find(caller, scheduleId);
    else if ((await loadSchedules(db, { organizationId, login, seesAll: true })).length >= maxSchedules) {
      throw new ApiError('BAD_REQUEST', `An organization has at most ${maxSchedules} schedules.`);
    }
    const mail = new Set(
      (await loadChannels(db, organizationId)).flatMap(({ channelId, settings }) => (settings.kind === 'email' ? channelId : [])),
    );
    const wrong = channelIds.find((id) => !mail.has(id as never)); // any id may be asked for
    if (wrong !== undefined) throw new ApiError('BAD_REQUEST', `body.channelIds: ${wrong} is no e-mail channel`);
    const row = await writeSchedule(db, {
      organizationId,
      id: scheduleId ?? randomUUID(),
      wish: { ...wish, name: wish.name ?? kindNames[wish.kind] },
      cron,
      timeZone,
      keepDays,
      channelIds: [...new Set(channelIds)],
      enabled,
      scopes: [...scopesOf(caller)],
      createdAt: now,
      createdBy: login,
      nextRunAt: firstRun({ cron, timeZone }, now),
    });
    log.info({ audit: 'report-schedule', organizationId, schedule: row.id, by: login }, 'a schedule was saved');
    return toSchedule(row);
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
    await refuseMoreReports(db, caller.organizationId);
    const report = await runSchedule(db, row, { asOf: now, now });
    onNew();
    return toReport(report);
  });
}
