import { randomUUID } from 'node:crypto';
import { agentPaths, type FactRow } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importKnowledge } from './knowledge/import-knowledge.ts';
import { TestAgent } from './testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from './testing/test-server.ts';

type Caller = Awaited<ReturnType<typeof testCaller>>;
interface Page {
  readonly total: number;
  readonly items: Record<string, unknown>[];
}

let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Caller;
let stranger: Caller;
/** Two assets; the first has the affected packages. */
const assets: string[] = [];
const day = 24 * 3600 * 1000;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  [caller, stranger] = [await testCaller(server), await testCaller(server)];
  const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
  const advisories = ['openssl', 'curl', '100%_sure'].map((name, index) => ({
    id: `DSA-900${index}-1`,
    feed: 'debian-dsa',
    published: '2026-10-01',
    vulnerabilities: [`CVE-2026-100${index}`],
    affected: [{ ...statement, package: name, fixed: '2.0-1' }],
  }));
  const kev = { id: 'CVE-2026-1001', published: null, cvss: [], cwe: [], kevSince: '2026-11-02', epss: null };
  server.clock.now = new Date('2026-11-10T12:00:00Z');
  await importKnowledge(
    database.db,
    { advisories, vulnerabilities: [kev], origins: [] },
    { at: server.clock.now, starter: false },
  );
  await addAsset('web_1', [pkg('openssl', '1.0-1'), pkg('curl', '1.0-1'), pkg('bash', '5-1')]);
  await addAsset('webx1', [pkg('openssl', '2.0-1')]);
  server.clock.now = new Date(server.clock.now.getTime() + 2 * day);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

function pkg(name: string, version: string): FactRow {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

async function addAsset(hostname: string, packages: FactRow[]): Promise<void> {
  const agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname });
  const release = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12' };
  const os = { ...release, hostname, architecture: 'amd64' };
  const user = { name: 'anna', uid: 1000, gid: 1, home: '/home', shell: '', password: 'set', groups: [] };
  const documents = Object.entries({ os: [os], user: [user], dpkg: packages }).map(([collector, rows]) =>
    syncDocument({ collector, sequence: 1, rows }),
  );
  await agent.post(agentPaths.sync, { documents });
  assets.push(agent.assetId);
}

async function get(path: string, by = caller): Promise<{ status: number; json: Record<string, unknown> }> {
  const reply = await server.app.inject({ url: `/api/v1${path}`, headers: by.headers });
  return { status: reply.statusCode, json: reply.json() };
}

async function page(path: string, by = caller): Promise<Page> {
  const { status, json } = await get(path, by);
  if (status !== 200) throw new Error(JSON.stringify(json));
  return json as unknown as Page;
}

describe('lists', () => {
  const searches: [string, number][] = [
    ['/assets', 2],
    ['/assets?search=web', 2],
    ['/assets?search=web_1', 1],
    ['/assets?search=%25', 0],
    ['/assets?search=DEBIAN', 2],
    ['/assets?search=%5C', 0],
    ['/assets?search=%27%3B--', 0],
    ['/detections', 2],
    ['/detections?search=curl', 1],
    ['/detections?search=CVE-2026-1000', 1],
    ['/detections?search=_', 2],
    ['/detections?search=web_1', 2],
    ['/detections?search=%25', 0],
    ['/detections?severity=5', 1],
    ['/detections?status=fixed', 0],
    ['/detections?status=new', 2],
    ['/detections?check=280001001', 1],
    [`/detections?assetId=${randomUUID()}`, 0],
    ['/detections?asOf=2026-11-09T00:00:00Z', 0],
    ['/detections?asOf=0001-01-01T00:00:00Z', 0],
    ['/checks', 3],
    ['/checks?search=curl', 1],
    ['/checks?search=dsa-9002-1', 1],
    ['/checks?search=cve-2026-1001', 1],
    ['/checks?search=280001001', 1],
    ['/checks?search=100%25_', 1],
    ['/checks?search=1%25s', 0],
    ['/checks?detected=true', 2],
    ['/checks?detected=false', 1],
    ['/checks?severity=5', 1],
  ];
  it.each(searches)('%s finds %i', async (path, total) => {
    const found = await page(path);
    expect([found.total, found.items.length]).toEqual([total, total]);
  });

  it.each(['/assets', '/detections', '/checks'])('%s come in pages that know the total, also behind the end', async (path) => {
    const { total, items } = await page(path);
    const paged = await Promise.all(items.map((_item, offset) => page(`${path}?limit=1&offset=${offset}`)));
    expect(paged.flatMap((one) => one.items)).toEqual(items);
    expect(await page(`${path}?limit=1&offset=1000`)).toMatchObject({ total, items: [] });
  });

  const refused = ['?limit=0', '?limit=501', '?offset=-1', '?limit=x', '?search=%00', `?search=${'a'.repeat(201)}`];
  it.each(['/assets', '/detections', '/checks'].flatMap((path) => refused.map((query) => path + query)))(
    '%s is refused',
    async (path) => {
      expect(await get(path)).toMatchObject({ status: 400, json: { code: 'BAD_REQUEST' } });
    },
  );
});

describe('facts of an asset', () => {
  it.each([
    ['dpkg', 3],
    ['dpkg?search=openssl', 1],
    ['dpkg?search=source', 0],
    ['user', 1],
    ['user?search=ANNA', 1],
    ['user?search=shell', 0],
    ['user?search=%25', 0],
    ['user?search=_', 0],
  ])('%s finds %i', async (path, total) => {
    expect(await page(`/assets/${assets[0]}/facts/${path}`)).toMatchObject({ total });
  });

  it('know their total behind the end', async () => {
    expect(await page(`/assets/${assets[0]}/facts/dpkg?offset=50`)).toEqual({ total: 3, items: [], next: null });
  });
});

describe('what does not exist', () => {
  const unknown = randomUUID();
  it.each([
    `/assets/${unknown}`,
    `/assets/${unknown}/facts/dpkg`,
    `/assets/${unknown}/detections/280001000`,
    '/checks/280009999',
  ])('%s is not found', async (path) => {
    expect(await get(path)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
  });

  it('is a collector of another name, which is told where it is near', async () => {
    for (const name of ['horoscope', '__proto__', 'users'])
      expect([name, (await get(`/assets/${assets[0]}/facts/${name}`)).status]).toEqual([name, 404]);
    const { json } = await get(`/assets/${assets[0]}/facts/users`);
    expect(json).toMatchObject({ detail: 'There is no collector "users"; did you mean user?' });
  });

  it.each([
    '/assets/1',
    '/assets/%00',
    '/checks/0',
    '/checks/9999999999',
    '/checks/x',
    '/detections?assetId=1',
    '/detections?asOf=9999-12-31T23:59:59Z',
  ])('%s is refused', async (path) => {
    expect(await get(path)).toMatchObject({ status: 400 });
  });
});

describe('another organization', () => {
  it('sees no asset, fact or detection of ours, by list or by address', async () => {
    for (const path of ['/assets', '/detections?status=all', `/detections?assetId=${assets[0]}`, '/detections?check=280001000']) {
      expect([path, await page(path, stranger)]).toMatchObject([path, { total: 0, items: [] }]);
    }
    for (const rest of ['', '/facts/dpkg', '/facts/user', '/detections/280001000']) {
      expect([rest, (await get(`/assets/${assets[0]}${rest}`, stranger)).status]).toEqual([rest, 404]);
    }
  });

  it('counts none of our assets in checks and on the dashboard', async () => {
    expect((await page('/checks', stranger)).items.map(({ openAssets }) => openAssets)).toEqual([0, 0, 0]);
    expect((await page('/checks?detected=true', stranger)).total).toBe(0);
    expect((await get('/checks/280001000', stranger)).json).toMatchObject({ openAssets: 0 });
    const { json } = await get('/dashboard', stranger);
    expect(json).toMatchObject({ assets: 0, openTotal: 0, topChecks: [], topUpgrades: [], worst: [], knownExploited: 0 });
    expect(json['trend']).toHaveLength(14);
  });
});

describe('one asset', () => {
  it('shows its counts and its agent', async () => {
    const { json } = await get(`/assets/${assets[0]}`);
    expect(json).toMatchObject({
      asset: { hostname: 'web_1', packages: 3, unassessed: 0, detections: { critical: 1 } },
      agent: { collectors: [{ name: 'dpkg', rows: 3 }, { name: 'os' }, { name: 'user' }] },
    });
  });

  it('explains a detection by package and comparison', async () => {
    const { json } = await get(`/assets/${assets[0]}/detections/280001000`);
    expect(json).toMatchObject({
      detection: { name: 'CVE-2026-1000', status: 'new' },
      intervals: [{ cause: 'first-scan', until: null }],
      why: [{ comparison: { left: '1.0-1', operator: '<', right: '2.0-1' }, advisory: { id: 'DSA-9000-1' } }],
    });
  });
});

describe('the dashboard', () => {
  it('counts what the lists hold, and the trend what was open on each day', async () => {
    const { json } = await get('/dashboard');
    expect(json).toMatchObject({ assets: 2, openTotal: 2, knownExploited: 1, newLast7Days: 2, open: { critical: 1 } });
    const trend = json['trend'] as { at: string; open: Record<string, number> }[];
    const total = ({ open }: (typeof trend)[number]): number => Object.values(open).reduce((sum, count) => sum + count, 0);
    const lists = await Promise.all(trend.map(({ at }) => page(`/detections?asOf=${at}`)));
    expect(trend.map(total)).toEqual(lists.map((list) => list.total));
    expect(trend.map(total)).toEqual([...Array<number>(11).fill(0), 2, 2, 2]);
    expect(trend.at(-1)?.open).toEqual(json['open']);
  });
});
