import { randomUUID } from 'node:crypto';
import type { NotificationRule, Report, ReportSchedule } from '@vedette/protocol';
import { eventually, syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verifyAudit } from '../audit/store.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/index.ts';
import { type PeopleWorld, peopleWorld, type TestCaller } from '../testing/people-world.ts';
import { testCaller } from '../testing/test-server.ts';
import { ReportKeeper } from './report-keeper.ts';

let world: PeopleWorld;
let owner: TestCaller;
const dayMs = 24 * 3600 * 1000;

beforeAll(async () => {
  world = await peopleWorld({ database: await throwAwayDatabase(), syncDocument }, ['web1', 'db1']);
  await world.addAsset('web1');
  await world.addAsset('db1');
}, 60_000);
beforeEach(async () => {
  owner = await testCaller(world.server, { organizationId: world.manager.organizationId });
});
afterAll(() => world[Symbol.asyncDispose]());

async function ask<Reply>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, caller = world.manager) {
  const payload = body ? { payload: body } : {};
  const reply = await world.server.app.inject({ method, url: `/api/v1${path}`, headers: caller.headers, ...payload });
  return { status: reply.statusCode, json: reply.json<Reply>() };
}

async function newSchedule(caller = owner): Promise<ReportSchedule> {
  const wish = { kind: 'asset', format: 'json', cron: '0 7 * * *' };
  return (await ask<ReportSchedule>('POST', '/report-schedules', wish, caller)).json;
}

async function scheduleAs(caller: TestCaller, id: string): Promise<ReportSchedule | undefined> {
  const { json } = await ask<{ items: ReportSchedule[] }>('GET', '/report-schedules', undefined, caller);
  return json.items.find(({ scheduleId }) => scheduleId === id);
}

async function madeFor(scheduleId: string): Promise<Report[]> {
  const { json } = await ask<{ items: Report[] }>('GET', '/reports');
  return json.items.filter((report) => report.scheduleId === scheduleId);
}

/** The hosts in the report that the schedule makes on the next day. */
async function nextReport({ scheduleId }: ReportSchedule): Promise<string[]> {
  const before = (await madeFor(scheduleId)).length;
  await nextDay();
  const report = await eventually('the report', 20_000, async () => {
    const [newest, ...older] = await madeFor(scheduleId);
    return older.length === before && newest?.state === 'done' ? newest : null;
  });
  const { json } = await ask<unknown>('GET', `/reports/${report.reportId}/file`);
  return ['db1', 'web1'].filter((host) => JSON.stringify(json).includes(`"${host}"`));
}

async function nextDay(): Promise<void> {
  world.server.clock.now = new Date(world.server.clock.now.getTime() + dayMs);
  await new ReportKeeper(world.server.context, () => Promise.resolve()).work();
}

const change = (body: object) => ask('POST', `/users/${owner.userId}`, body);
const disable = () => change({ disabled: true });
const remove = () => ask('DELETE', `/users/${owner.userId}`);
const narrow = () => change({ role: 'unit-manager', scope: 'hostname:web*' });

describe('a token that may not see detections', () => {
  const others = ['asset:read', 'report:read', 'report:write', 'notification:read', 'notification:write'];
  const holding = async (permissions: readonly string[]): Promise<TestCaller> => {
    const { json } = await ask<{ secret: string }>('POST', '/api-tokens', { name: 'narrow', permissions });
    return { ...world.manager, headers: { authorization: `Bearer ${json.secret}` } };
  };
  /** Somebody who sees every asset. */
  const withRole = async (permissions: readonly string[]): Promise<TestCaller & { role: string }> => {
    const { role } = (await ask<{ role: string }>('POST', '/roles', { name: randomUUID(), permissions })).json;
    return { ...(await testCaller(world.server, { organizationId: world.manager.organizationId, role })), role };
  };

  it.each<[string, string, object]>([
    ['a report', '/reports', { kind: 'detections', format: 'csv' }],
    ['a look at one', '/reports/preview', {}],
    ['a schedule', '/report-schedules', { kind: 'summary', format: 'pdf', cron: '0 7 * * *' }],
    ['a rule', '/notification-rules', { name: 'x', events: ['agent.silent', 'detection.new'], channelIds: [randomUUID()] }],
  ])('gets them by way of %s in vain', async (_, path, body) => {
    const { status, json } = await ask<{ detail: string }>('POST', path, body, await holding(others));
    expect([status, json.detail]).toEqual([403, 'It would tell of detections: it takes detection:read, too']);
    expect((await ask('POST', path, body, await holding([...others, 'detection:read']))).status).not.toBe(403);
  });

  it.each(['done', 'queued'])(
    'reads no report that is %s, nor that there is one: neither its own nor of somebody else',
    async (state) => {
      const { reportId } = (await ask<Report>('POST', '/reports', { kind: 'detections', format: 'csv' })).json;
      if (state === 'done') await nextDay();
      const colleague = await withRole(others);
      for (const caller of [await holding(others), colleague]) {
        for (const path of [
          '/reports',
          '/reports?sort=rows',
          '/reports?format=csv',
          `/reports/${reportId}`,
          `/reports/${reportId}/file`,
        ]) {
          const { status, json } = await ask<{ detail: string }>('GET', path, undefined, caller);
          expect([path, status, json.detail]).toEqual([path, 403, 'It would tell of detections: it takes detection:read, too']);
        }
      }
      const seeing = await withRole([...others, 'detection:read']);
      for (const caller of [await holding([...others, 'detection:read']), seeing]) {
        expect(await ask('GET', `/reports/${reportId}`, undefined, caller)).toMatchObject({
          status: 200,
          json: { reportId, state },
        });
      }
    },
  );

  it('finds none in what happened to an asset', async () => {
    const { json } = await ask<{ items: { assetId: string }[] }>('GET', '/assets');
    const path = `/assets/${json.items[0]?.assetId}/timeline`;
    const kinds = async (caller: TestCaller) => {
      const { items } = (await ask<{ items: { kind: string }[] }>('GET', path, undefined, caller)).json;
      return [...new Set(items.map(({ kind }) => kind))].toSorted();
    };
    expect(await kinds(world.manager)).toEqual(['detections', 'enrolled', 'facts', 'packages']);
    expect(await kinds(await holding(others))).toEqual(['enrolled', 'facts', 'packages']);
  });

  it('stops the schedules of whoever has one no more', async () => {
    const made = await withRole([...others, 'detection:read']);
    const { scheduleId } = await newSchedule(made);
    await ask('POST', `/roles/${made.role}`, { name: 'blind', permissions: others });
    expect((await scheduleAs(world.manager, scheduleId))?.problem).toContain('may no longer see detections');
  });
});

describe('a schedule', () => {
  it('runs with what its owner may see at that time: somebody whose rights were narrowed gets no more than that', async () => {
    const schedule = await newSchedule();
    expect(await nextReport(schedule)).toEqual(['db1', 'web1']);
    await narrow();
    expect(await nextReport(schedule)).toEqual(['web1']);
    await change({ role: 'manager', scope: null });
    expect(await nextReport(schedule)).toEqual(['db1', 'web1']);
  });

  it('of somebody who sees few assets shows him no more of them after a manager changed it', async () => {
    await narrow();
    const { scheduleId, ...schedule } = await newSchedule();
    const { kind, format, cron } = schedule;
    const changed = await ask<ReportSchedule>('POST', '/report-schedules', { scheduleId, kind, format, cron, name: 'changed' });
    expect(changed.json).toMatchObject({ scheduleId, name: 'changed', createdBy: owner.userId });
    expect(await nextReport(changed.json)).toEqual(['web1']);
  });

  const endings: [string, () => Promise<unknown>, RegExp][] = [
    ['disabled', disable, /was removed or disabled/],
    ['removed', remove, /was removed or disabled/],
    ['a role without reports', () => change({ role: 'knowledge-only' }), /may no longer have reports made/],
    ['a role that is gone', () => giveGoneRole(), /was removed or disabled/],
  ];
  it.each(endings)('whose owner is %s makes no report, says why, and stands in the audit log', async (_state, end, why) => {
    const schedule = await newSchedule();
    const { scheduleId } = schedule;
    await end();
    // Before its time comes, so that somebody can do something about it.
    expect(await scheduleAs(world.manager, scheduleId)).toMatchObject({ enabled: true, problem: expect.stringMatching(why) });
    expect(await ask('POST', `/report-schedules/${scheduleId}/run`)).toMatchObject({ status: 409 });
    await nextDay();
    const stopped = await eventually('it is stopped', 20_000, async () => {
      const one = await scheduleAs(world.manager, scheduleId);
      return one?.enabled === false ? one : null;
    });
    expect(stopped).toMatchObject({ nextRunAt: null, problem: expect.stringMatching(why) });
    expect(await madeFor(scheduleId)).toEqual([]);
    const events = await auditOf(scheduleId);
    expect(events).toMatchObject([{ action: 'stopReportSchedule', actor: { userId: null, via: 'platform' } }]);
    expect(await verifyAudit(world.database.db, owner.organizationId, null)).toMatchObject({ fault: null });
  });

  async function giveGoneRole(): Promise<void> {
    await world.database.db.updateTable('appUser').set({ role: randomUUID() }).where('id', '=', owner.userId).execute();
  }

  async function auditOf(scheduleId: string) {
    const { json } = await ask<{ items: { action: string; target: Record<string, string>; detail: object }[] }>('GET', '/audit');
    return json.items.filter(({ target }) => target['scheduleId'] === scheduleId);
  }

  it('that was stopped goes on with whoever takes it over, and is no longer of the former owner', async () => {
    const schedule = await newSchedule();
    const { scheduleId } = schedule;
    await disable();
    await nextDay();
    const taken = await ask<ReportSchedule>('POST', `/report-schedules/${scheduleId}/take-over`);
    expect(taken.json).toMatchObject({ enabled: true, problem: null, createdBy: world.manager.userId });
    expect((await auditOf(scheduleId))[0]).toMatchObject({
      action: 'takeOverReportSchedule',
      detail: { before: { owner: owner.userId, enabled: false } },
    });
    expect(await nextReport(schedule)).toEqual(['db1', 'web1']);
    await change({ disabled: false, role: 'unit-manager', scope: 'hostname:web*' });
    expect(await scheduleAs(owner, scheduleId)).toBeUndefined();
    const [report] = await madeFor(scheduleId);
    expect(await ask('GET', `/reports/${report?.reportId}/file`, undefined, owner)).toMatchObject({ status: 404 });
  });

  it('that somebody switched off stays off when another takes it over', async () => {
    const { scheduleId, kind, format, cron } = await newSchedule();
    await ask('POST', '/report-schedules', { scheduleId, kind, format, cron, enabled: false }, owner);
    const taken = await ask<ReportSchedule>('POST', `/report-schedules/${scheduleId}/take-over`);
    expect(taken.json).toMatchObject({ enabled: false, createdBy: world.manager.userId });
  });

  it('is not taken over by somebody who does not see every asset, nor by another organization', async () => {
    const { scheduleId } = await newSchedule();
    const unit = await testCaller(world.server, {
      organizationId: owner.organizationId,
      role: 'unit-manager',
      scope: 'hostname:web*',
    });
    for (const caller of [unit, await testCaller(world.server)])
      expect(await ask('POST', `/report-schedules/${scheduleId}/take-over`, undefined, caller)).toMatchObject({ status: 404 });
    expect(await scheduleAs(world.manager, scheduleId)).toMatchObject({ createdBy: owner.userId });
  });

  it('and reports of somebody who was removed are not of whoever gets that login', async () => {
    const schedule = await newSchedule();
    await nextReport(schedule);
    await remove();
    const other = await testCaller(world.server, {
      organizationId: owner.organizationId,
      role: 'unit-manager',
      scope: 'hostname:web*',
    });
    await world.database.db.updateTable('appUser').set({ login: owner.userId }).where('id', '=', other.userId).execute();
    expect((await ask<{ total: number }>('GET', '/reports', undefined, other)).json.total).toBe(0);
    expect(await scheduleAs(other, schedule.scheduleId)).toBeUndefined();
  });
});

describe('a report that waits', () => {
  it('is not made for somebody who was disabled meanwhile', async () => {
    const wish = { kind: 'asset', format: 'json' };
    const { reportId } = (await ask<Report>('POST', '/reports', wish, owner)).json;
    await disable();
    await nextDay();
    const failed = await eventually('the outcome', 20_000, async () => {
      const { json } = await ask<Report>('GET', `/reports/${reportId}`);
      return json.state === 'failed' ? json : null;
    });
    expect(failed).toMatchObject({ problem: expect.stringContaining('was removed or disabled'), bytes: null });
  });
});

describe('what is understood no more', () => {
  it.each([
    ['a kind of another version', { kind: 'weather', format: 'pdf', name: 'odd', assets: 'tag:web' }, 'odd'],
    ['a format of another version', { kind: 'fixes', format: 'papyrus' }, ''],
    ['no object', 'nonsense', ''],
    ['nothing', null, ''],
  ])('%s: lists go on and show what there is of it, and it says what to do', async (_case, wish, name) => {
    const { db } = world.database;
    const { scheduleId } = await newSchedule();
    const { reportId } = (await ask<Report>('POST', '/reports', { kind: 'summary', format: 'csv' }, owner)).json;
    const broken = { wish: JSON.stringify(wish) };
    await db.updateTable('reportSchedule').set(broken).where('id', '=', scheduleId).execute();
    await db
      .updateTable('report')
      .set({ ...broken, state: 'queued' })
      .where('id', '=', reportId)
      .execute();
    const shown = await scheduleAs(world.manager, scheduleId);
    expect(shown?.name ?? '').toBe(name);
    expect(shown).toMatchObject({ problem: expect.stringContaining('save it anew, or delete it') });
    expect(await ask('POST', `/report-schedules/${scheduleId}/run`)).toMatchObject({ status: 409 });
    await nextDay();
    const failed = await eventually('the outcome', 20_000, async () => {
      const { json } = await ask<{ items: Report[] }>('GET', '/reports');
      return json.items.find((one) => one.reportId === reportId && one.state === 'failed');
    });
    expect(failed).toMatchObject({ name, problem: expect.stringContaining('have it made anew') });
    const mended = { scheduleId, kind: 'asset', format: 'json', cron: '0 7 * * *' };
    expect((await ask<ReportSchedule>('POST', '/report-schedules', mended)).json).toMatchObject({ problem: null });
    expect(await ask('DELETE', `/reports/${reportId}`)).toMatchObject({ status: 200 });
  });
});

describe('an upgrade', () => {
  it('gives what is there to the user of that login, and to nobody where they came later', async () => {
    await using database = await throwAwayDatabase({ empty: true });
    const { db } = database;
    await migrate(db, Object.fromEntries(Object.entries(migrations).filter(([name]) => name < '028')));
    const [organization, old, late] = [randomUUID(), randomUUID(), randomUUID()];
    await sql`insert into organization (id, name, created_at) values (${organization}, 'Old', '2026-01-01')`.execute(db);
    await sql`
      insert into app_user (id, organization_id, login, password_hash, role, created_at)
      values (${old}, ${organization}, 'ada', '', 'reader', '2026-01-01'),
        (${late}, ${organization}, 'late', '', 'reader', '2026-03-01')`.execute(db);
    await sql`
      insert into report_schedule (organization_id, id, wish, cron, time_zone, keep_days, channel_ids, enabled, scopes, created_at, created_by)
      select ${organization}, gen_random_uuid(), '{}', '0 7 * * 1', 'UTC', 30, '{}', true, '{}', '2026-02-01', login
      from unnest(array['ada', 'late', 'gone']) as login`.execute(db);
    await migrate(db);
    const rows = await db.selectFrom('reportSchedule').select(['createdBy', 'ownerId']).orderBy('createdBy').execute();
    expect(rows).toEqual([
      { createdBy: 'ada', ownerId: old },
      { createdBy: 'gone', ownerId: null },
      { createdBy: 'late', ownerId: null },
    ]);
  });
});

describe('a rule', () => {
  it('goes on when whoever saved it is gone, says so, and is of whoever saves it anew', async () => {
    const channel = await ask<{ channel: { channelId: string } }>('POST', '/notification-channels', {
      name: 'hook',
      settings: { kind: 'webhook', url: 'https://example.org/hook' },
    });
    const wish = { name: 'silent', events: ['agent.silent'], channelIds: [channel.json.channel.channelId] };
    const { ruleId } = (await ask<NotificationRule>('POST', '/notification-rules', wish, owner)).json;
    await disable();
    const rules = async () => (await ask<{ items: NotificationRule[] }>('GET', '/notification-rules')).json.items;
    expect(await rules()).toMatchObject([
      { ruleId, enabled: true, createdBy: owner.userId, problem: expect.stringContaining('see where its channels lead') },
    ]);
    await ask('POST', '/notification-rules', { ...wish, ruleId });
    expect(await rules()).toMatchObject([{ ruleId, createdBy: world.manager.userId, problem: null }]);
  });
});
