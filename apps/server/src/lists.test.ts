import {
  agentPaths,
  AssetSorting,
  CheckSorting,
  type DetectionSorting,
  FixSorting,
  type FactRow,
  SoftwareSorting,
} from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importKnowledge } from './knowledge/import-knowledge.ts';
import { TestAgent } from './testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from './testing/test-server.ts';

interface Page {
  readonly total: number;
  readonly items: Record<string, unknown>[];
  readonly next: string | null;
}

let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Awaited<ReturnType<typeof testCaller>>;
let stranger: Awaited<ReturnType<typeof testCaller>>;
/** Sees some assets alone. */
let scoped: Awaited<ReturnType<typeof testCaller>>;
const assets: string[] = [];
const dayMs = 24 * 3600 * 1000;
/** After the first three assets reported, before what followed. */
let before: string;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  [caller, stranger] = [await testCaller(server), await testCaller(server)];
  scoped = await testCaller(server, { organizationId: caller.organizationId, role: 'reader', scope: 'hostname:web*' });
  server.clock.now = new Date('2026-11-01T12:00:00Z');
  await know(['openssl', 'curl', 'zlib'], server.clock.now);
  const agents = [
    await addAsset('=cmd|calc', ['openssl', 'curl']),
    await addAsset('web-02', ['openssl', 'bash']),
    await addAsset('web-10', []),
  ];
  server.clock.now = new Date(server.clock.now.getTime() + 2 * dayMs);
  before = server.clock.now.toISOString();
  server.clock.now = new Date(server.clock.now.getTime() + dayMs);
  // One gets better, one worse, one is new, and more becomes known.
  await report(agents[0]!, 2, ['curl']);
  await report(agents[2]!, 2, ['openssl', 'zlib']);
  await addAsset('web-03', ['openssl', 'openssl:i386']);
  await know(['openssl', 'curl', 'zlib', 'bash'], server.clock.now);
  server.clock.now = new Date(server.clock.now.getTime() + dayMs);
  await tellApart();
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** What all of them have in common so far, so that lists can be sorted by it. */
async function tellApart(): Promise<void> {
  const now = server.clock.now.getTime();
  for (const [at, [version, architecture, days]] of (
    [
      ['1.10.0', 'amd64', 0],
      ['1.9.0', 'arm64', 2],
      ['1.10.0-rc.1', 'amd64', 8],
      ['1.10.0', 'amd64', 0],
    ] as const
  ).entries()) {
    const row = { architecture, pendingRestart: at === 1, lastSeen: new Date(now - days * dayMs) };
    const id = assets[at] ?? '';
    await database.db.updateTable('asset').set(row).where('id', '=', id).execute();
    const lastCheckIn = at === 3 ? null : row.lastSeen;
    await database.db.updateTable('agent').set({ version, lastCheckIn }).where('assetId', '=', id).execute();
  }
  await sql`update knowledge_check set patchable = false, body = jsonb_set(body, '{patchable}', 'false')
    where name = 'CVE-2026-1002'`.execute(database.db);
}

async function know(sources: readonly string[], at: Date): Promise<void> {
  const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
  const advisories = sources.map((name, index) => ({
    id: `DSA-900${index}-1`,
    feed: 'debian-dsa',
    published: `2026-10-0${index + 1}`,
    vulnerabilities: [`CVE-2026-100${index}`],
    affected: [{ ...statement, package: name, fixed: '2.0-1' }],
  }));
  const facts = sources.map((_, index) => ({
    id: `CVE-2026-100${index}`,
    published: null,
    cvss: [
      {
        version: '3.1' as const,
        vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
        score: [9.8, 7.5, 5, 3][index] ?? 3,
        source: 'nvd',
      },
    ],
    cwe: [],
    kevSince: index === 1 ? '2026-11-01' : null,
    epss: null,
  }));
  await importKnowledge(database.db, { advisories, vulnerabilities: facts, origins: [] }, { at, starter: false });
}

async function addAsset(hostname: string, packages: readonly string[]): Promise<TestAgent> {
  const agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname, machineId: hostname });
  const release = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12' };
  const os = syncDocument({ collector: 'os', sequence: 1, rows: [{ ...release, hostname, architecture: 'amd64' }] });
  await agent.post(agentPaths.sync, { documents: [os] });
  await report(agent, 1, packages);
  assets.push(agent.assetId);
  return agent;
}

async function report(agent: TestAgent, sequence: number, packages: readonly string[]): Promise<void> {
  const rows: FactRow[] = packages.map((named) => {
    const [name = '', architecture = 'amd64'] = named.split(':');
    return { name, version: '1.0-1', architecture, source: name, sourceVersion: '1.0-1', state: 'installed' };
  });
  expect((await agent.post(agentPaths.sync, { documents: [syncDocument({ collector: 'dpkg', sequence, rows })] })).status).toBe(
    200,
  );
}

async function get(path: string, by = caller, headers: Record<string, string> = {}) {
  return server.app.inject({ url: `/api/v1${path}`, headers: { ...by.headers, ...headers } });
}

async function page(path: string, by = caller): Promise<Page> {
  const reply = await get(path, by);
  expect([path, reply.statusCode, reply.statusCode === 200 ? '' : reply.body]).toEqual([path, 200, '']);
  return reply.json();
}

async function follow(path: string, by = caller): Promise<Page['items']> {
  const all: Page['items'] = [];
  for (let next: string | null = ''; next !== null;) {
    const answer: Page = await page(`${path}${next === '' ? '' : `&after=${next}`}`, by);
    all.push(...answer.items);
    next = answer.next;
  }
  return all;
}

/** Of now and of a moment of the past, of everything and of what somebody may see. */
function everyView(): (readonly [by: typeof caller, moment: string])[] {
  return [caller, scoped].flatMap((by) => ['', `&asOf=${before}`].map((moment) => [by, moment] as const));
}

const sorted = {
  '/assets': AssetSorting.options,
  '/checks': CheckSorting.options,
  '/software': SoftwareSorting.options,
};
const directions = ['ascending', 'descending'];
const orders = Object.entries(sorted).flatMap(([path, names]) =>
  names.flatMap((name) => directions.map((direction) => `${path}?sort=${name}&direction=${direction}`)),
);
const valueIn =
  (field: string) =>
  (item: Page['items'][number]): unknown =>
    item[field];
/** By what detections are sorted, as the list itself says it. */
const detectionOrders = {
  // No two are alike.
  worst: (item: Page['items'][number]) => item,
  risk: valueIn('risk'),
  name: valueIn('name'),
  hostname: valueIn('assetId'),
  package: ({ packages }: Page['items'][number]) => (packages as { name: string }[])[0]?.name,
  status: valueIn('status'),
  firstFound: valueIn('firstFound'),
  lastFound: valueIn('assetId'),
  cvss: valueIn('cvssScore'),
  epss: valueIn('epssScore'),
} satisfies Record<Exclude<DetectionSorting, 'asset'>, unknown>;
/** From the index: of all, of a query, of a filter. From the histories: of one asset. */
const detectionLists = ['?', '?check=280001000&', '?query=status:*&', '?status=all&severity=2&', '?search=openssl&', '?asset&'];
const ordersOfDetections = Object.entries(detectionOrders).flatMap(([sort, valueOf]) =>
  detectionLists
    .filter((list) => !/status/.test(list) || !['package', 'lastFound'].includes(sort))
    .map((list) => [list, sort, valueOf] as const),
);

/** Page after page: of one row each in one direction, so that each row is once the last of a page, of several in the other. */
describe('lists by cursor', () => {
  it.each(orders)('%s give the same whole in pages of any size, and the other way round', async (path) => {
    const other = path.endsWith('=descending')
      ? path.replace('=descending', '=ascending')
      : path.replace('=ascending', '=descending');
    for (const [by, moment] of everyView()) {
      const whole = await page(`${path}${moment}&limit=500`, by);
      expect([whole.next, whole.items.length]).toEqual([null, whole.total]);
      expect(whole.total).toBeGreaterThan(1);
      const limit = path.endsWith('=descending') ? 3 : 1;
      expect(await follow(`${path}${moment}&limit=${limit}`, by)).toEqual(whole.items);
      expect((await page(`${other}${moment}&limit=500`, by)).items).toEqual(whole.items.toReversed());
    }
  });

  it.each(ordersOfDetections)(
    'of detections%s by %s give the same whole in pages of any size; the other way round those alike stay worst first',
    async (list, sort, valueOf) => {
      for (const [by, moment] of everyView()) {
        const own = list.replace('asset&', `assetId=${assets[by === scoped ? 1 : 0]}&status=all&`);
        const path = `/detections${own}sort=${sort}${moment}&direction=`;
        const whole = await page(`${path}ascending&limit=500`, by);
        expect([whole.next, whole.items.length]).toEqual([null, whole.total]);
        expect(whole.total).toBeGreaterThan(0);
        const turned = await page(`${path}descending&limit=500`, by);
        const alike = Map.groupBy(whole.items, valueOf);
        expect(turned.items).toEqual([...alike.values()].toReversed().flat());
        expect(await follow(`${path}ascending&limit=1`, by)).toEqual(whole.items);
        expect(await follow(`${path}descending&limit=3`, by)).toEqual(turned.items);
        expect((await page(`${path}descending&limit=2&offset=1`, by)).items).toEqual(turned.items.slice(1, 3));
      }
    },
  );

  it.each([
    ['/detections?sort=hostname', 'hostname', ['=cmd|calc', 'web-02', 'web-02', 'web-03', 'web-10', 'web-10']],
    ['/detections?sort=risk&limit=2', 'name', ['CVE-2026-1001', 'CVE-2026-1000']],
    ['/detections?sort=cvss', 'cvssScore', [3, 5, 7.5, 9.8, 9.8, 9.8]],
    ['/detections?sort=cvss&direction=descending&limit=3', 'hostname', ['web-02', 'web-10', 'web-03']],
    [
      '/detections?sort=status&query=status:*&direction=descending',
      'status',
      ['new', 'new', 'new', 'new', 'new', 'new', 'fixed'],
    ],
    [
      '/detections?sort=firstFound&direction=descending',
      'name',
      ['CVE-2026-1000', 'CVE-2026-1000', 'CVE-2026-1002', 'CVE-2026-1003', 'CVE-2026-1001', 'CVE-2026-1000'],
    ],
    [
      '/detections?sort=package',
      'name',
      ['CVE-2026-1003', 'CVE-2026-1001', 'CVE-2026-1000', 'CVE-2026-1000', 'CVE-2026-1000', 'CVE-2026-1002'],
    ],
    ['/detections?sort=lastFound&limit=2', 'hostname', ['web-02', 'web-02']],
    ['/detections?sort=lastFound&status=fixed', 'status', ['fixed']],
    ['/assets?sort=hostname', 'hostname', ['=cmd|calc', 'web-02', 'web-03', 'web-10']],
    ['/assets?sort=packages&direction=descending', 'packages', [2, 2, 2, 1]],
    ['/assets?sort=architecture', 'architecture', ['amd64', 'amd64', 'amd64', 'arm64']],
    ['/assets?sort=agentVersion', 'agentVersion', ['1.9.0', '1.10.0-rc.1', '1.10.0', '1.10.0']],
    ['/assets?sort=pendingRestart', 'pendingRestart', [true, false, false, false]],
    ['/assets?sort=state', 'state', ['enrolling', 'active', 'silent', 'stale']],
    ['/checks?sort=kevSince&limit=2', 'name', ['CVE-2026-1001', 'CVE-2026-1000']],
    ['/checks?sort=patchable', 'patchable', [true, true, true, false]],
    ['/software?sort=assets', 'assets', [3, 1, 1, 1]],
    ['/software?sort=name', 'name', ['bash', 'curl', 'openssl', 'zlib']],
    ['/checks?sort=assets', 'openAssets', [3, 1, 1, 1]],
    ['/checks?sort=cvss', 'cvssScore', [9.8, 7.5, 5, 3]],
  ])('%s sorts by %s', async (path, field, values) => {
    expect((await page(path)).items.map((item) => item[field])).toEqual(values);
  });

  it.each([
    ['/assets?after=hello', 'no cursor'],
    ['/assets?sort=hostname&after=WyJ3b3JzdCBhc2NlbmRpbmciXQ', 'no cursor'],
    ['/software?after=W10', 'no cursor'],
    [`/checks?after=${Buffer.from('["worst ascending","a",1,2,3]').toString('base64url')}`, 'no cursor'],
    [`/software?after=${Buffer.from('["name ascending",0,"\\u0000"]').toString('base64url')}`, 'no cursor'],
    ['/detections?sort=asset&direction=descending', 'the first comes first'],
    ['/detections?sort=package&status=all', 'for one asset alone'],
    ['/detections?sort=lastFound&query=status:fixed', 'for one asset alone'],
    ['/detections?sort=lastFound&status=fixed&query=severity:5', 'for one asset alone'],
    [`/detections?sort=lastFound&status=all&asOf=2026-11-02T00:00:00Z`, 'for one asset alone'],
    [`/detections?sort=name&after=${Buffer.from('["cvss ascending",5,-5,-1,-1,1]').toString('base64url')}`, 'no cursor'],
    ['/checks?query=hostname:a', 'no field'],
    ['/checks?search=%00', 'character 0'],
    ['/software?search=%00', 'character 0'],
    ['/detections/counts?groupBy=severity&query=severity:5&severity=4', 'write it into the query'],
    ['/detections/counts?groupBy=package&query=status:fixed', 'not counted'],
    ['/detections/counts?groupBy=severity&query=firstFound:<2020-01-01', 'so far back'],
  ])('%s is refused', async (path, why) => {
    const reply = await get(path);
    expect([reply.statusCode, reply.json<{ detail: string }>().detail]).toEqual([400, expect.stringContaining(why)]);
  });
});

describe('a list to which a figure leads', () => {
  const total = async (path: string): Promise<unknown> => (await get(path)).json<{ total: number }>().total;
  const assetsWith = (query: string): Promise<unknown> => total(`/assets?query=${encodeURIComponent(query)}`);

  it('holds as many checks as the knowledge says it has', async () => {
    expect(await total('/checks')).toBe((await get('/knowledge')).json<{ checks: number }>().checks);
  });

  it('holds as many assets as the band of risk', async () => {
    const { bands } = (await get('/risk')).json<{ bands: { from: number; assets: number }[] }>();
    for (const [band, { from, assets }] of bands.entries()) {
      const until = bands[band + 1]?.from;
      expect(await assetsWith(`risk:>=${from}${until === undefined ? '' : ` and risk:<${until}`}`)).toBe(assets);
    }
    expect(bands.some(({ assets }) => assets > 0)).toBe(true);
  });

  const detectionsWith = (query: string): Promise<unknown> => total(`/detections?query=${encodeURIComponent(query)}`);

  it('holds what the upgrade removes, and the assets on which it does', async () => {
    const { items } = (await get('/fixes')).json<{ items: Record<'ecosystem' | 'release' | 'source', string>[] }>();
    for (const { ecosystem, release, source, ...figures } of items) {
      const query = `upgrade:"${ecosystem} ${release} ${source}"`;
      const led = { detections: await detectionsWith(query), assets: await assetsWith(`detection:(${query})`) };
      expect([source, figures]).toMatchObject([source, led]);
    }
    expect(items.length).toBeGreaterThan(1);
  });

  it('holds what the upgrade would have removed at a moment of the past', async () => {
    const { items } = (await get(`/fixes?asOf=${before}`)).json<{ items: Record<string, string>[] }>();
    for (const { ecosystem, release, source, detections } of items)
      expect(await detectionsWith(`asOf:${before} and upgrade:"${ecosystem} ${release} ${source}"`)).toBe(detections);
    expect(items.length).toBeGreaterThan(0);
  });

  it('says that an upgrade removes nothing that is fixed', async () => {
    const query = encodeURIComponent('upgrade:* and status:fixed');
    expect((await get(`/detections?query=${query}`)).json()).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it.each(['asset', 'check'])('holds what changed between two moments, by %s', async (groupBy) => {
    const after = new Date(server.clock.now.getTime() - 1).toISOString();
    const came = { new: '(status:new or status:active)', reopened: 'status:reopened', fixed: 'status:fixed' };
    const sums = { new: 0, reopened: 0, fixed: 0 };
    for (const to of [undefined, after]) {
      const changes = await get(`/detections/changes?from=${before}&groupBy=${groupBy}${to === undefined ? '' : `&to=${to}`}`);
      const { groups } = changes.json<{ groups: (Record<keyof typeof came, number> & { key: string })[] }>();
      for (const group of groups) {
        const own = groupBy === 'asset' ? `asset:(assetId:${group.key})` : `check:${group.key}`;
        for (const kind of ['new', 'reopened', 'fixed'] as const) {
          const was = kind === 'fixed' ? `openAt:${before}` : `not openAt:${before}`;
          const query = `${to === undefined ? '' : `asOf:${to} and `}${came[kind]} and ${was} and exception:* and ${own}`;
          expect([query, await detectionsWith(query)]).toEqual([query, group[kind]]);
          sums[kind] += group[kind];
        }
      }
    }
    expect(sums.new).toBeGreaterThan(0);
    expect(sums.fixed).toBeGreaterThan(0);
  });

  it('holds what was open at a moment, and in a time, by index and by histories', async () => {
    const was = await total(`/detections?asOf=${before}`);
    expect(was).toBeGreaterThan(0);
    expect(await detectionsWith(`openAt:${before} and status:*`)).toBe(was);
    expect(await detectionsWith(`openAt:<=${before} and status:*`)).toBe(was);
    expect(await detectionsWith('openAt:<2026-10 and status:*')).toBe(0);
  });

  it('holds what was open at an earlier moment than the one it is asked of', async () => {
    const after = new Date(server.clock.now.getTime() - 1).toISOString();
    const [all, earlier] = [`asOf:${after}`, `asOf:${after} and openAt:${before}`];
    const expected = (await detectionsWith(`${earlier} and (status:new or status:active or status:reopened)`)) as number;
    expect(await detectionsWith(earlier)).toBe(expected);
    expect(expected).toBeGreaterThan(0);
    expect(expected).toBeLessThan((await detectionsWith(all)) as number);
  });

  it('holds the assets that a key enrolled, and those of which no authority speaks', async () => {
    const { items } = (await get('/activation-keys')).json<{ items: { activationKeyId: string; uses: number }[] }>();
    for (const { activationKeyId, uses } of items) expect(await assetsWith(`activationKey:${activationKeyId}`)).toBe(uses);
    expect(items.some(({ uses }) => uses > 0)).toBe(true);
    const { items: all } = await page('/assets');
    expect(await assetsWith('unassessed:>0')).toBe(all.filter(({ unassessed }) => unassessed !== 0).length);
    expect(await assetsWith('unassessed:0')).toBe(all.filter(({ unassessed }) => unassessed === 0).length);
  });

  it('holds packages in the order of a column, what has no value last', async () => {
    const path = `/assets/${assets[0]}/facts/dpkg`;
    const names = async (rest: string) => (await page(`${path}?sort=name${rest}`)).items.map(({ name }) => name);
    expect((await names('')).length).toBeGreaterThan(0);
    expect(await names('&direction=descending')).toEqual((await names('')).toReversed());
    expect((await page(`${path}?sort=nothing`)).total).toBe((await page(path)).total);
  });

  it.each(FixSorting.options)('holds upgrades in the order of %s, read on by cursor', async (sort) => {
    const whole = (await page(`/fixes?sort=${sort}&limit=100`)).items.map(({ source }) => source);
    const read: unknown[] = [];
    for (let after = ''; ;) {
      const part = await page(`/fixes?sort=${sort}&limit=1${after}`);
      read.push(...part.items.map(({ source }) => source));
      if (part.next === null) break;
      after = `&after=${part.next}`;
    }
    expect(read).toEqual(whole);
    const turned = (await page(`/fixes?sort=${sort}&direction=descending`)).items.map(({ source }) => source);
    expect(turned).toEqual(whole.toReversed());
    expect((await page('/fixes?search=OPENSSL')).items.map(({ source }) => source)).toEqual(['openssl']);
  });

  it.each([
    ['severity', (key: string) => `severity:${key}`],
    ['status', (key: string) => `status:${key}`],
    ['check', (key: string) => `check:${key}`],
    ['package', (key: string) => `software:(source:="${key}")`],
    ['release', (key: string) => (key === '' ? 'not asset:(release:*)' : `asset:(release:"${key}")`)],
  ])('holds as many assets as the group of detections of the same %s', async (groupBy, term) => {
    const { groups } = (await get(`/detections/counts?groupBy=${groupBy}`)).json<{
      groups: { key: string; assets: number; detections: number }[];
    }>();
    for (const { key, assets, detections } of groups) {
      const led = { assets: await assetsWith(`detection:(${term(key)})`), detections: await detectionsWith(term(key)) };
      expect([key, led]).toEqual([key, { assets, detections }]);
    }
    expect(groups.length).toBeGreaterThan(0);
  });
});

describe('the query language', () => {
  it.each([
    ['/checks', 'name:CVE-2026-1000', 1],
    ['/checks', 'severity:>=high', 2],
    ['/checks', 'package:openssl or package:curl', 2],
    ['/checks', 'alias:DSA-900*', 4],
    ['/checks', 'kev:true', 1],
    ['/checks', 'assets:>1', 1],
    ['/checks', 'not assets:>0', 0],
    ['/checks', 'published:2026-10-02', 1],
    ['/checks', 'published:>=2026-10-02 and cvss:<6', 2],
    ['/checks', 'ecosystem:debian and patchable:true', 3],
    ['/checks', 'ecosystem:npm', 0],
    ['/checks', 'title:*', 0],
    ['/checks', 'epss:*', 0],
    ['/checks', 'modified:*', 0],
    ['/checks', 'check:280001000..280001001', 2],
    ['/checks', 'CVE-2026-1003', 1],
    ['/software', 'name:openssl', 1],
    ['/software', 'version:<2', 4],
    ['/software', 'version:>=2', 0],
    ['/software', 'ecosystem:debian and release:bookworm', 4],
    ['/software', 'lib', 1],
    ['/software', 'open', 1],
    ['/software', 'architecture:i386', 1],
  ])('%s?query=%s finds %i', async (path, query, total) => {
    expect((await page(`${path}?query=${encodeURIComponent(query)}`)).total).toBe(total);
  });

  it('counts what the list of the same query holds', async () => {
    for (const query of [
      'severity:>=high',
      'asset:(hostname:web)',
      'status:fixed',
      'software:(name:openssl)',
      'firstFound:>2026-11-02',
    ]) {
      const { total } = await page(`/detections?query=${encodeURIComponent(query)}`);
      expect([query, total]).not.toEqual([query, 0]);
      for (const groupBy of ['severity', 'status', 'asset', 'check']) {
        const counts = await get(`/detections/counts?groupBy=${groupBy}&query=${encodeURIComponent(query)}`);
        const { groups, detections } = counts.json<{ groups: { detections: number }[]; detections: number }>();
        const sum = groups.reduce((all, group) => all + group.detections, 0);
        expect([query, groupBy, detections, sum]).toEqual([query, groupBy, total, total]);
      }
    }
  });

  it('leads from a package version to exactly the assets and detections that it counts', async () => {
    for (const item of (await page('/software')).items) {
      const { name, version, ecosystem, release } = item as Record<string, string>;
      const own = `name:"${name}" and version:="${version}" and ecosystem:"${ecosystem}" and release:"${release}"`;
      const query = encodeURIComponent(`software:(${own})`);
      const [on, made] = [await page(`/assets?query=${query}`), await page(`/detections?query=${query}`)];
      expect([name, on.total, made.total]).toEqual([name, item['assets'], item['detections']]);
    }
  });

  it.each([
    ['software', 'name', 'O', ['openssl'], []],
    ['software', 'version', '', ['1.0-1'], []],
    ['detection', 'package', 'c', ['curl'], []],
    ['asset', 'hostname', 'web-0', ['web-02', 'web-03'], []],
    ['asset', 'release', '', ['bookworm'], []],
    ['asset', 'agentVersion', '', ['1.10.0', '1.10.0-rc.1', '1.9.0'], []],
    // What the world knows, everybody may know.
    ['check', 'name', 'cve-2026-1003', ['CVE-2026-1003'], ['CVE-2026-1003']],
    ['asset', 'hostname', 'web%', [], []],
  ])('offers values of %s.%s that begin with "%s"', async (about, field, prefix, values, foreign) => {
    const path = `/query/values?about=${about}&field=${field}&prefix=${encodeURIComponent(prefix)}`;
    expect((await get(path)).json()).toEqual({ items: values });
    expect((await get(path, stranger)).json()).toEqual({ items: foreign });
  });

  it('shows nothing of ours to another organization', async () => {
    expect((await get('/software', stranger)).json()).toEqual({ total: 0, items: [], next: null });
    expect((await get('/software?query=name:openssl&format=csv', stranger)).body.trim().split('\r\n')).toHaveLength(1);
  });
});

describe('a moment of the past', () => {
  it('shows assets with the packages and detections that they had', async () => {
    const { items } = await page(`/assets?sort=hostname&asOf=${before}`);
    const total = (counts: unknown) => Object.values(counts as Record<string, number>).reduce((sum, count) => sum + count, 0);
    expect(items.map(({ hostname, packages, detections }) => [hostname, packages, total(detections)])).toEqual([
      ['=cmd|calc', 2, 2],
      ['web-02', 2, 1],
      ['web-10', 0, 0],
    ]);
    for (const { assetId, detections } of items) {
      const { asset } = (await get(`/assets/${String(assetId)}?asOf=${before}`)).json<{ asset: Record<string, unknown> }>();
      expect(asset['detections']).toEqual(detections);
      expect((await page(`/detections?assetId=${String(assetId)}&asOf=${before}`)).total).toBe(total(detections));
    }
  });

  it('chooses assets by what they had, and sorts by it', async () => {
    const names = async (query: string) =>
      (await page(`/assets?asOf=${before}&query=${encodeURIComponent(query)}`)).items.map(({ hostname }) => hostname);
    expect(await names('critical:>0')).toEqual(['=cmd|calc', 'web-02']);
    expect(await names('software:(name:openssl)')).toEqual(['=cmd|calc', 'web-02']);
    expect(await names('hostname:web')).toEqual(['web-02', 'web-10']);
    expect((await page(`/assets?query=${encodeURIComponent(`asOf:${before} and critical:>0`)}`)).total).toBe(2);
    expect(await names('detection.severity:5')).toEqual(['=cmd|calc', 'web-02']);
    expect(await names('detection.status:new')).toEqual(['=cmd|calc', 'web-02']);
    expect(await names('detection.status:fixed')).toEqual([]);
    const longBefore = new Date(Date.parse(before) - 25 * 24 * 3_600_000).toISOString();
    const refused = await get(`/assets?asOf=${longBefore}&query=detection.status:new`);
    expect([refused.statusCode, refused.json<{ detail: string }>().detail]).toEqual([
      400,
      expect.stringContaining('of assets of that time'),
    ]);
  });

  it('knows the software of then, and the upgrades that it needed', async () => {
    const past = await page(`/software?asOf=${before}&sort=assets`);
    expect(past.items.map(({ name, assets: count }) => [name, count])).toEqual([
      ['openssl', 2],
      ['bash', 1],
      ['curl', 1],
    ]);
    expect((await page(`/software?query=asOf:${before}`)).total).toBe(past.total);
    const fixes = (await get(`/fixes?asOf=${before}`)).json<{ together: { detectionsNow: number } }>();
    expect(fixes.together.detectionsNow).toBe((await page(`/detections?asOf=${before}`)).total);
    const own = await get(`/assets/${assets[0]}/fixes?asOf=${before}`);
    expect(own.json<{ together: { detectionsNow: number } }>().together.detectionsNow).toBe(
      (await page(`/detections?assetId=${assets[0]}&asOf=${before}`)).total,
    );
  });

  it.each(['severity', 'check', 'package', 'status', 'asset', 'os', 'firstFound'])(
    'counts what was open then by %s',
    async (by) => {
      const { total } = await page(`/detections?asOf=${before}`);
      const { groups, detections } = (await get(`/detections/counts?groupBy=${by}&asOf=${before}`)).json<{
        groups: { detections: number }[];
        detections: number;
      }>();
      expect([detections, groups.reduce((sum, group) => sum + group.detections, 0)]).toEqual([total, total]);
    },
  );

  it('knows the checks of then, and where they were found', async () => {
    const { items, total } = await page(`/checks?sort=number&asOf=${before}`);
    expect([total, items.map(({ openAssets }) => openAssets)]).toEqual([3, [2, 1, 0]]);
    const counts = (await get(`/detections/counts?groupBy=check&asOf=${before}`)).json<{ groups: unknown }>();
    expect(counts.groups).toMatchObject([
      { key: '280001000', detections: 2 },
      { key: '280001001', detections: 1 },
    ]);
  });

  it('did not know an asset that came later', async () => {
    expect((await get(`/assets/${assets[3]}?asOf=${before}`)).statusCode).toBe(404);
    expect((await get(`/assets/${assets[3]}`)).statusCode).toBe(200);
  });
});

describe('CSV', () => {
  it.each(['/assets', '/checks', '/software', '/detections'])('of %s holds every row, whatever the limit', async (path) => {
    const { total } = await page(path);
    for (const reply of [await get(`${path}?format=csv&limit=1`), await get(path, caller, { accept: 'text/csv' })]) {
      expect([reply.statusCode, reply.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
      expect(reply.headers['content-disposition']).toBe(`attachment; filename="vedette-${path.slice(1)}.csv"`);
      expect(reply.body.startsWith('\uFEFF')).toBe(true);
      expect(reply.body.trimEnd().split('\r\n')).toHaveLength(total + 1);
    }
  });

  it('runs no formula that a host name brings', async () => {
    const { body } = await get('/assets?format=csv&query=cmd');
    expect(body).toContain("\r\n'=cmd|calc,");
  });

  it('says what is wrong with a question before it begins', async () => {
    expect((await get('/detections?format=csv&query=severity:x')).json()).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('is left to whoever asks for it', async () => {
    const reply = await get('/assets?format=json', caller, { accept: 'text/csv' });
    expect(reply.headers['content-type']).toContain('application/json');
    expect((await get('/assets', caller, { accept: 'text/html,*/*' })).headers['content-type']).toContain('application/json');
  });
});

/** The last: the index does not go back. */
describe('a moment before what the index knows', () => {
  it('lists assets, checks, software and counts as of then', async () => {
    const lists = ['/assets', '/checks', '/software', '/detections', '/detections/counts?groupBy=package&', '/fixes'];
    const ask = async () => {
      const answers: string[] = [];
      for (const path of lists) answers.push((await get(`${path}${path.includes('?') ? '' : '?'}asOf=${before}`)).body);
      return answers;
    };
    const known = await ask();
    server.clock.now = new Date(server.clock.now.getTime() + 90 * dayMs);
    // Brings the index to the new moment, although nothing has changed.
    await server.context.fleetIndex.verify();
    const { items } = await page(`/assets?asOf=${before}`);
    expect(items.map(({ hostname, detections }) => [hostname, (detections as { critical: number }).critical])).toEqual([
      ['=cmd|calc', 2],
      ['web-02', 1],
      ['web-10', 0],
    ]);
    expect((await page(`/assets?asOf=${before}&severity=4`)).total).toBe(2);
    // What was told while the index itself knew it.
    const plain = (bodies: string[]) => bodies.map((body) => body.replaceAll(/"(?:state|stateSince)":"[^"]+"/g, ''));
    expect(plain(await ask())).toEqual(plain(known));
  });
});
