import { agentPaths, type ChangeGroup, type FactRow, type Trends } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { HistoryWorld } from '../testing/history-world.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { steps } from '../testing/three-ways.ts';
import { changesByHistories, changesInFleet, shownGroups } from './compare-moments.ts';

const dayMs = 24 * 3600 * 1000;
const orders = [
  { sort: 'label', direction: 'ascending' },
  { sort: 'new', direction: 'ascending' },
  { sort: 'fixed', direction: 'descending', search: '1' },
] as const;

describe('two moments compared', () => {
  it('differ in the same detections by the fleet index and by the histories, whatever has happened', async () => {
    await using database = await throwAwayDatabase();
    const property = fc.asyncProperty(steps, fc.tuple(fc.nat(20), fc.nat(20)), async (history, [one, other]) => {
      const world = new HistoryWorld(database.db, syncDocument);
      await world.begin();
      for (const step of history) await world.apply(step);
      await world.settle();
      await using fleet = new FleetIndex({ db: world.db, log: pino({ level: 'silent' }), clock: () => new Date(world.now) });
      const ago = (days: number) => new Date(world.now - days * dayMs);
      const [from, to] = [ago(Math.max(one, other) + 1), ago(Math.min(one, other))];
      for (const organizationId of world.organizationIds) {
        const index = await fleet.current(organizationId);
        for (const groupBy of ['asset', 'check'] as const) {
          const indexed = changesInFleet(index, { from, to, groupBy, limit: 100 });
          const derived = await changesByHistories(world.db, { organizationId, from, to, groupBy });
          const plain = (groups: Iterable<ChangeGroup>) =>
            [...groups].map(({ label: _label, ...counts }) => counts).toSorted((a, b) => (a.key < b.key ? -1 : 1));
          expect(plain(indexed.groups)).toEqual(plain(derived.values()));
          const sum = (of: 'new' | 'reopened' | 'fixed') => [...derived.values()].reduce((total, group) => total + group[of], 0);
          const changes = { new: sum('new'), reopened: sum('reopened'), fixed: sum('fixed') };
          expect(indexed).toMatchObject({ changes, total: derived.size });
          // Page by page, in any order, and of some of them: a name stands for itself where two groups are alike.
          for (const order of orders) {
            const wish = { from, to, groupBy, ...order };
            const pages = [0, 2, 4].map((offset) => changesInFleet(index, { ...wish, limit: 2, offset }));
            const whole = shownGroups([...derived.values()], { ...order, limit: 6 });
            const told = ({ key: _key, ...counts }: ChangeGroup) => counts;
            expect(pages.flatMap(({ groups }) => groups.map(told))).toEqual(whole.groups.map(told));
            expect(pages[0]).toMatchObject({ changes, total: whole.total });
          }
        }
      }
    });
    await fc.assert(property, { numRuns: 12 });
  }, 300_000);
});

describe('a fleet over some days', () => {
  let database: ThrowAwayDatabase;
  let server: TestServer;
  let caller: Awaited<ReturnType<typeof testCaller>>;
  let reader: Awaited<ReturnType<typeof testCaller>>;
  let stranger: Awaited<ReturnType<typeof testCaller>>;
  let agent: TestAgent;
  const begin = new Date('2026-11-01T12:00:00Z');
  const later = (days: number): Date => new Date(begin.getTime() + days * dayMs);

  beforeAll(async () => {
    database = await throwAwayDatabase();
    server = await testServer(database);
    server.clock.now = begin;
    [caller, stranger] = [await testCaller(server), await testCaller(server)];
    reader = await testCaller(server, { organizationId: caller.organizationId, role: 'reader' });
    const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
    const advisories = ['openssl', 'curl'].map((name, index) => ({
      id: `DSA-900${index}-1`,
      feed: 'debian-dsa',
      published: '2026-10-01',
      vulnerabilities: [`CVE-2026-100${index}`],
      affected: [{ ...statement, package: name, fixed: '2.0-1' }],
    }));
    const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
    const facts = [9.8, 7.5].map((score, index) => ({
      id: `CVE-2026-100${index}`,
      published: null,
      cvss: [{ version: '3.1' as const, vector, score, source: 'nvd' }],
      cwe: [],
      kevSince: null,
      epss: null,
    }));
    await importKnowledge(database.db, { advisories, vulnerabilities: facts, origins: [] }, { at: begin, starter: false });
    agent = new TestAgent(server);
    await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname: 'web-01', machineId: 'web-01' });
    const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian', hostname: 'web-01' };
    await agent.post(agentPaths.sync, {
      documents: [syncDocument({ collector: 'os', sequence: 1, rows: [{ ...os, architecture: 'amd64' }] })],
    });
    await report(1, { openssl: '1.0-1', curl: '1.0-1' });
    server.clock.now = later(4);
    await report(2, { openssl: '2.0-1', curl: '1.0-1' });
    server.clock.now = later(6);
    await report(3, { openssl: '1.0-1', curl: '1.0-1' });
    server.clock.now = later(9);
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  async function report(sequence: number, packages: Record<string, string>): Promise<void> {
    const rows: FactRow[] = Object.entries(packages).map(([name, version]) => {
      return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
    });
    const reply = await agent.post(agentPaths.sync, { documents: [syncDocument({ collector: 'dpkg', sequence, rows })] });
    expect(reply.status).toBe(200);
  }

  async function get(path: string, by = caller) {
    const reply = await server.app.inject({ url: `/api/v1${path}`, headers: by.headers });
    return { status: reply.statusCode, json: reply.json<Record<string, unknown>>() };
  }

  async function post(path: string, payload: object, by = caller) {
    const reply = await server.app.inject({ method: 'POST', url: `/api/v1${path}`, headers: by.headers, payload });
    return { status: reply.statusCode, json: reply.json<Record<string, unknown>>() };
  }

  it.each([
    [1, '1.0-1'],
    [5, '2.0-1'],
    [7, '1.0-1'],
  ])('shows the packages and facts of an asset as of day %i', async (day, openssl) => {
    const facts = async (collector: string, asOf = later(day)) =>
      (await get(`/assets/${agent.assetId}/facts/${collector}?asOf=${asOf.toISOString()}`)).json['items'];
    expect(await facts('dpkg')).toMatchObject([
      { name: 'curl', version: '1.0-1' },
      { name: 'openssl', version: openssl },
    ]);
    expect(await facts('os')).toMatchObject([{ id: 'debian', versionId: '12' }]);
    const { asset } = (await get(`/assets/${agent.assetId}?asOf=${later(day).toISOString()}`)).json;
    expect(asset).toMatchObject({ packages: 2 });
    const posture = await get(`/assets/${agent.assetId}/posture?asOf=${later(day).toISOString()}`);
    expect([posture.status, posture.json['checks']]).toEqual([200, []]);
  });

  it('tells what became of detections, the same for the fleet as for its only asset', async () => {
    const between = async (from: number, to: number, more = '') => {
      const path = `/detections/changes?from=${later(from).toISOString()}&to=${later(to).toISOString()}${more}`;
      return (await get(path)).json['changes'];
    };
    for (const more of ['', `&assetId=${agent.assetId}`, '&groupBy=check']) {
      expect(await between(-1, 1, more)).toEqual({ new: 2, reopened: 0, fixed: 0 });
      expect(await between(3, 5, more)).toEqual({ new: 0, reopened: 0, fixed: 1 });
      expect(await between(5, 7, more)).toEqual({ new: 0, reopened: 1, fixed: 0 });
      expect(await between(3, 7, more)).toEqual({ new: 0, reopened: 0, fixed: 0 });
      expect(await between(-1, 7, more)).toEqual({ new: 1, reopened: 1, fixed: 0 });
    }
    expect((await get(`/detections/changes?from=${later(5).toISOString()}&to=${later(5).toISOString()}`)).status).toBe(400);
    expect((await get(`/detections/changes?from=${later(0).toISOString()}`, stranger)).json).toMatchObject({
      groups: [],
      total: 0,
    });
  });

  it('counts by day what came and went, and how long the fix took', async () => {
    const { days, remediation, overdue } = (await get('/trends?days=12')).json as unknown as Trends;
    const sum = (of: 'new' | 'reopened' | 'fixed') => days.reduce((total, day) => total + day[of], 0);
    expect([sum('new'), sum('reopened'), sum('fixed')]).toEqual([2, 1, 1]);
    expect(days.map(({ open }) => open.critical + open.high)).toEqual([0, 0, 2, 2, 2, 2, 1, 1, 2, 2, 2, 2]);
    expect(remediation.find(({ severity }) => severity === 5)).toEqual({
      severity: 5,
      fixed: 1,
      measured: 1,
      meanSeconds: 4 * 86_400,
    });
    const [from, to] = [Date.parse(days[0]?.at ?? '') - dayMs + 1, Date.parse(days.at(-1)?.at ?? '') + 1];
    for (const { severity, fixed } of remediation) {
      const query = encodeURIComponent(`kind:detection and status:closed and severity:${severity}`);
      const events = `/events?query=${query}&from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
      expect((await get(events)).json['total']).toBe(fixed);
    }
    expect(remediation.find(({ severity }) => severity === 4)).toMatchObject({ fixed: 0, meanSeconds: null });
    // Nine days old: too late for a critical one, in time for a high one.
    expect(overdue.map(({ severity, detections }) => [severity, detections])).toEqual([
      [5, 1],
      [4, 0],
      [3, 0],
    ]);
    for (const { query, detections } of overdue) {
      expect((await get(`/detections?query=${encodeURIComponent(query)}`)).json['total']).toBe(detections);
    }
  });

  it('counts by day what a query for that day finds', async () => {
    const { days } = (await get('/trends?days=12')).json as unknown as Trends;
    for (const { at, new: found, fixed } of days) {
      const before = new Date(Date.parse(at) - dayMs).toISOString();
      // As the console leads there: foundOnDayQuery and goneOnDayQuery in its figure-queries.ts.
      const queries = [`firstFound:>${before} and status:* and exception:*`, `fixedAt:>${before} and exception:*`];
      const paths = queries.map((query) => `/detections?query=${encodeURIComponent(`asOf:${at} and ${query}`)}`);
      const totals = await Promise.all(paths.map(async (path) => (await get(path)).json['total']));
      expect([at, ...totals]).toEqual([at, found, fixed]);
    }
  });

  it('knows deadlines of each organization, which a reader cannot set', async () => {
    const usual = { critical: 7, high: 14, medium: 30, low: null, informational: null };
    const strict = { critical: 2, high: 3, medium: null, low: 400, informational: null };
    expect((await get('/settings/deadlines')).json).toEqual(usual);
    expect((await post('/settings/deadlines', strict, reader)).status).toBe(403);
    expect((await post('/settings/deadlines', { ...strict, high: 0 })).status).toBe(400);
    expect((await post('/settings/deadlines', strict)).json).toEqual(strict);
    expect((await get('/settings/deadlines', reader)).json).toEqual(strict);
    expect((await get('/settings/deadlines', stranger)).json).toEqual(usual);
    const { overdue } = (await get('/trends')).json as unknown as Trends;
    expect(overdue.map(({ severity, detections }) => [severity, detections])).toEqual([
      [5, 1],
      [4, 1],
      [2, null],
    ]);
    await post('/settings/deadlines', usual);
    expect((await get('/settings/deadlines')).json).toEqual(usual);
  });

  it('counts the days before a moment of the past as they were counted then', async () => {
    const trends = async (more: string) => (await get(`/trends?days=12${more}`)).json as unknown as Trends;
    const [now, asOf] = [await trends(''), later(5).toISOString()];
    const then = await trends(`&asOf=${asOf}`);
    const figures = ({ at, open, ...changes }: Trends['days'][number]) => [at, open, changes];
    const shared = then.days.filter(({ at }) => now.days.some((day) => day.at === at));
    expect(shared.length).toBeGreaterThan(4);
    expect(shared.map(figures)).toEqual(now.days.filter(({ at }) => shared.some((day) => day.at === at)).map(figures));
    expect(then.days.at(-1)).toMatchObject({ at: asOf, open: { critical: 0, high: 1 } });
    // What came back a day later was fixed then.
    expect(then.remediation.find(({ severity }) => severity === 5)).toMatchObject({ fixed: 1, meanSeconds: 4 * 86_400 });
    const counted = then.overdue.filter(({ detections }) => detections !== null);
    expect(counted).not.toEqual([]);
    // Found a week and a day before, and open again.
    const late = (await trends(`&asOf=${later(8).toISOString()}`)).overdue.find(({ severity }) => severity === 5);
    expect(late?.detections).toBe(1);
    for (const { query, detections } of counted) {
      expect((await get(`/detections?query=${encodeURIComponent(query)}&asOf=${asOf}`)).json['total']).toBe(detections);
    }
  });

  it('tells what happened to an asset, newest first and in parts', async () => {
    const { json } = await get(`/assets/${agent.assetId}/timeline`);
    const items = json['items'] as {
      kind: string;
      at: string;
      fixed?: { count: number };
      found?: { count: number };
      added?: object;
    }[];
    expect(items.map(({ kind, at }) => [kind, (Date.parse(at) - begin.getTime()) / dayMs])).toEqual([
      ['detections', 6],
      ['packages', 6],
      ['detections', 4],
      ['packages', 4],
      ['detections', 0],
      ['packages', 0],
      ['facts', 0],
      ['enrolled', 0],
    ]);
    expect(items.map(({ found, fixed }) => [found?.count, fixed?.count]).filter(([count]) => count !== undefined)).toEqual([
      [1, 0],
      [0, 1],
      [2, 0],
    ]);
    expect(items[3]).toMatchObject({ added: { count: 1, first: ['openssl 2.0-1'] }, removed: { first: ['openssl 1.0-1'] } });
    const part = (await get(`/assets/${agent.assetId}/timeline?limit=2`)).json;
    expect([part['items'], part['more']]).toEqual([items.slice(0, 2), true]);
    const rest = (await get(`/assets/${agent.assetId}/timeline?before=${items[1]?.at}`)).json;
    expect([rest['items'], rest['more']]).toEqual([items.slice(2), false]);
    expect((await get(`/assets/${agent.assetId}/timeline`, stranger)).status).toBe(404);
  });

  it('has a pulse that stands still until something changes', async () => {
    const first = (await get('/pulse')).json;
    expect((await get('/pulse')).json).toEqual(first);
    await report(4, { openssl: '2.0-1' });
    expect((await get('/pulse')).json).not.toEqual(first);
  });

  it('keeps how the agent watches its machine', async () => {
    const watching = { fanotify: 400, inotify: 2, kernel: 3, polling: 1 };
    const consumption = { cpuSeconds: 1, rssBytes: 1, peakRssBytes: 1, unevictableBytes: 1, sentBytes: 1, uptimeSeconds: 1 };
    const report = { agentVersion: '1', sentAt: server.clock.now.toISOString(), collectors: [], consumption, watching };
    expect((await agent.post(agentPaths.checkIn, report)).status).toBe(200);
    const { json } = await get(`/assets/${agent.assetId}`);
    expect(json['agent']).toMatchObject({ watching });
  });
});
