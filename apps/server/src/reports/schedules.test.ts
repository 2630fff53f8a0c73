import { randomUUID } from 'node:crypto';
import type { NotificationChannel, Report, ReportSchedule } from '@vedette/protocol';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNetworks } from '../notifications/channels/safe-address.ts';
import { Dispatcher } from '../notifications/dispatcher.ts';
import { mailServer, type MailServer } from '../testing/mail-server.ts';
import { testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { firstRun, nextRun } from './next-run.ts';
import { ReportKeeper } from './report-keeper.ts';
import { announce, runDueSchedules } from './schedule-store.ts';

describe('nextRun', () => {
  it.each([
    ['0 7 * * 1', 'UTC', '2026-11-22T12:00:00Z', '2026-11-23T07:00:00.000Z'],
    ['0 7 * * 1', 'Europe/Vienna', '2026-11-22T12:00:00Z', '2026-11-23T06:00:00.000Z'],
    // The night in which the clock goes forward has no half past two: it comes as soon as the clock has gone.
    ['30 2 * * *', 'Europe/Vienna', '2026-03-28T12:00:00Z', '2026-03-29T01:00:00.000Z'],
    ['0 7 31 12 *', 'UTC', '2026-12-31T07:00:00Z', '2027-12-31T07:00:00.000Z'],
    // The night in which it goes back has two: the report comes once.
    ['30 2 * * *', 'Europe/Vienna', '2026-10-24T12:00:00Z', '2026-10-25T00:30:00.000Z'],
    ['30 2 * * *', 'Europe/Vienna', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00.000Z'],
    ['0 0 30 2 *', 'UTC', '2026-12-31T07:00:00Z', undefined],
  ])('%s in %s after %s is %s', (cron, timeZone, after, expected) => {
    expect(nextRun({ cron, timeZone }, new Date(after))?.toISOString()).toBe(expected);
  });

  it.each([
    ['* * * * *', 'UTC'],
    ['*/5 * * * *', 'UTC'],
    ['0 7 * * 1', 'Europe/Nowhere'],
    ['0 0 7 * * 1', 'UTC'],
    ['nonsense here', 'UTC'],
    ['61 * * * *', 'UTC'],
    // Far apart at first, and close later.
    ['0,5 12 22 11 *', 'UTC'],
    ['0,55 0,11,12,23 * * *', 'UTC'],
    ['0 7 31 2 *', 'UTC'],
    ['0 7 30 2 *', 'Europe/Vienna'],
  ])('%s in %s is refused', (cron, timeZone) => {
    expect(() => firstRun({ cron, timeZone }, new Date('2026-11-22T12:01:00Z'))).toThrow(/body\.cron/);
  });

  it.each(['*/10 * * * *', '0,55 1,3 * * *', '0 0 29 2 *', '0 7 * * 1-5'])('%s is no more often than one may', (cron) => {
    // In Vienna's night of March five minutes lie between 01:55 and 03:00.
    for (const after of ['2026-11-22T12:00:00Z', '2026-03-28T23:00:00Z'])
      expect(firstRun({ cron, timeZone: 'Europe/Vienna' }, new Date(after))).not.toBeNull();
  });
});

describe('a schedule', () => {
  let database: ThrowAwayDatabase;
  let server: TestServer;
  let caller: Awaited<ReturnType<typeof testCaller>>;
  let smtp: MailServer;

  beforeAll(async () => {
    database = await throwAwayDatabase();
    server = await testServer(database, { role: 'api', destinationNetworks: readNetworks(['127.0.0.1']) });
    caller = await testCaller(server);
    smtp = await mailServer();
  }, 60_000);
  afterAll(async () => {
    await smtp[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  async function api<Reply>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Reply> {
    const reply = await server.app.inject({
      method,
      url: `/api/v1${path}`,
      headers: caller.headers,
      ...(body ? { payload: body } : {}),
    });
    if (reply.statusCode !== 200) throw new Error(`${reply.statusCode} ${reply.body}`);
    return reply.json() as Reply;
  }

  it('makes its report once at its time, of that time, and sends it', async () => {
    const { port, mails } = smtp;
    const settings = { kind: 'email', host: '127.0.0.1', port, security: 'none', from: 'a@example.org', to: ['b@example.org'] };
    const { channel } = await api<{ channel: NotificationChannel }>('POST', '/notification-channels', { name: 'mail', settings });
    const wish = { kind: 'detections', format: 'csv', cron: '0 7 * * 1', name: 'Weekly', channelIds: [channel.channelId] };
    const saved = await api<ReportSchedule>('POST', '/report-schedules', wish);
    expect(saved.nextRunAt).toBe('2026-11-23T07:00:00.000Z');
    expect(await runDueSchedules(server.context, server.clock.now)).toBe(0);
    // The platform was away for two weeks: what it missed is one report.
    server.clock.now = new Date('2026-12-01T12:00:00Z');
    const counts = await Promise.all([1, 2].map(() => runDueSchedules(server.context, server.clock.now)));
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 1]);
    const onDone = (...[tx, report]: Parameters<ConstructorParameters<typeof ReportKeeper>[1]>) =>
      announce(tx, report, server.clock.now);
    await new ReportKeeper(server.context, onDone).work();
    const { items } = await api<{ items: Report[] }>('GET', '/reports');
    expect(items).toMatchObject([{ state: 'done', asOf: '2026-11-23T07:00:00.000Z', scheduleId: saved.scheduleId }]);
    const [schedule] = (await api<{ items: ReportSchedule[] }>('GET', '/report-schedules')).items;
    expect(schedule).toMatchObject({ nextRunAt: '2026-12-07T07:00:00.000Z', lastRunAt: '2026-12-01T12:00:00.000Z' });
    await new Dispatcher(server.context).work();
    expect(mails).toHaveLength(1);
    expect(mails[0]).toContain('filename=vedette-detections-2026-11-23T0700.csv');
    expect(mails[0]).toContain('Subject: Weekly, 2026-11-23 07:00 UTC');
  });

  it('that cannot be run any more is switched off with its reason, and keeps no other from its time', async () => {
    const save = (name: string) =>
      api<ReportSchedule>('POST', '/report-schedules', { kind: 'summary', format: 'html', cron: '0 8 * * *', name });
    const [odd, old, good] = [await save('of an odd zone'), await save('of another version'), await save('good')];
    const change = (id: string, set: Record<string, unknown>) =>
      database.db.updateTable('reportSchedule').set(set).where('id', '=', id).execute();
    await change(odd.scheduleId, { timeZone: 'Europe/Nowhere' });
    await change(old.scheduleId, { wish: JSON.stringify({ kind: 'gone' }) });
    await database.db.updateTable('reportSchedule').set({ enabled: false }).where('cron', '<>', '0 8 * * *').execute();
    server.clock.now = new Date('2026-12-02T09:00:00Z');
    const counts = await Promise.all([1, 2, 3].map(() => runDueSchedules(server.context, server.clock.now)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(await runDueSchedules(server.context, server.clock.now)).toBe(0);
    const made = await database.db.selectFrom('report').select('scheduleId').where('createdAt', '=', server.clock.now).execute();
    expect(made).toEqual([{ scheduleId: good.scheduleId }]);
    const rows = await database.db
      .selectFrom('reportSchedule')
      .selectAll()
      .where('cron', '=', '0 8 * * *')
      .orderBy('id')
      .execute();
    const problems = new Map(rows.map(({ id, enabled, lastProblem }) => [id, [enabled, lastProblem]]));
    expect(problems.get(odd.scheduleId)).toEqual([false, expect.stringContaining('known time zone')]);
    expect(problems.get(old.scheduleId)).toEqual([false, expect.stringContaining('understood no more')]);
    expect(problems.get(good.scheduleId)).toEqual([true, null]);
    await database.db.deleteFrom('reportSchedule').where('cron', '=', '0 8 * * *').execute();
  });

  it('is not made now more often than reports may wait', async () => {
    const wish = { kind: 'summary', format: 'html', cron: '0 9 * * *' };
    const { scheduleId } = await api<ReportSchedule>('POST', '/report-schedules', wish);
    const run = () => api('POST', `/report-schedules/${scheduleId}/run`);
    const answers = await Promise.allSettled(Array.from({ length: 60 }, run));
    expect(answers.some(({ status }) => status === 'rejected')).toBe(true);
    await expect(run()).rejects.toThrow(/^429/);
    await database.db.deleteFrom('report').execute();
    await api('DELETE', `/report-schedules/${scheduleId}`);
  });

  it('is made now when asked, and gone when deleted', async () => {
    const { scheduleId } = await api<ReportSchedule>('POST', '/report-schedules', {
      kind: 'summary',
      format: 'html',
      cron: '0 7 * * 1',
    });
    expect(await api('POST', `/report-schedules/${scheduleId}/run`)).toMatchObject({ state: 'queued', scheduleId });
    await api('DELETE', `/report-schedules/${scheduleId}`);
    await expect(api('POST', `/report-schedules/${scheduleId}/run`)).rejects.toThrow(/^404/);
  });

  it('is sent by e-mail channels of its own organization alone', async () => {
    const wish = { kind: 'summary', format: 'html', cron: '0 7 * * 1', channelIds: [randomUUID()] };
    await expect(api('POST', '/report-schedules', wish)).rejects.toThrow(/^400.*no e-mail channel/);
  });
});
