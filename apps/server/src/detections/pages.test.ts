import { agentPaths, type Detection, type FactRow } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Awaited<ReturnType<typeof testCaller>>;
const names = ['a', 'b', 'c', 'd', 'linux-image'];
const machines: { readonly agent: TestAgent; sequence: number; packages: readonly string[] }[] = [];

interface Page {
  readonly total: number;
  readonly items: Detection[];
  readonly next: string | null;
}

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  caller = await testCaller(server);
  const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
  // Equal in all but the number, in nothing, and one that is known to be exploited.
  const facts = [9.8, 9.8, 5, null, 7].map((score, index) => ({
    id: `CVE-2026-100${index}`,
    published: null,
    cvss:
      score === null
        ? []
        : [
            { version: '2.0' as const, vector: 'AV:N/AC:L/Au:N/C:P/I:P/A:P', score: index === 2 ? score : 4, source: 'nvd' },
            { version: '4.0' as const, vector: 'CVSS:4.0/AV:N', score: index === 0 ? score : 4, source: 'cna' },
            { version: '3.1' as const, vector: 'CVSS:3.1/AV:N', score: index === 2 ? 4 : score, source: 'nvd' },
          ],
    cwe: [],
    kevSince: index === 2 ? '2026-11-02' : null,
    epss: index === 1 ? { score: 0.123_456_789, percentile: 0.5, date: '2026-11-01' } : null,
  }));
  const advisories = names.map((name, index) => ({
    id: `DSA-900${index}-1`,
    feed: 'debian-dsa',
    published: '2026-10-01',
    vulnerabilities: [`CVE-2026-100${index}`],
    affected: [{ ...statement, package: name, fixed: '2.0-1' }],
  }));
  await importKnowledge(
    database.db,
    { advisories, vulnerabilities: facts, origins: [] },
    { at: server.clock.now, starter: false },
  );
  for (let index = 0; index < 6; index += 1) await addMachine(`web-${index}`);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function addMachine(hostname: string): Promise<void> {
  const agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname, machineId: hostname });
  const machine = { agent, sequence: 0, packages: [] };
  machines.push(machine);
  await report(machine, names);
}

async function report(machine: (typeof machines)[number], packages: readonly string[]): Promise<void> {
  machine.sequence += 1;
  machine.packages = packages;
  const os = {
    id: 'debian',
    idLike: '',
    versionId: '12',
    codename: 'bookworm',
    prettyName: 'Debian GNU/Linux 12',
    hostname: 'h',
  };
  const rows: Record<string, FactRow[]> = {
    os: [{ ...os, architecture: 'amd64' }],
    dpkg: packages.map((name) => {
      // An installed kernel that does not run: information only.
      const own = name === 'linux-image' ? 'linux-image-6.1.0-9-amd64' : name;
      return { name: own, version: '1.0-1', architecture: 'amd64', source: name, sourceVersion: '1.0-1', state: 'installed' };
    }),
  };
  const documents = Object.entries(rows).map(([collector, each]) =>
    syncDocument({ collector, sequence: machine.sequence, rows: each }),
  );
  expect((await machine.agent.post(agentPaths.sync, { documents })).status).toBe(200);
}

async function page(query: string): Promise<Page> {
  const reply = await server.app.inject({ url: `/api/v1/detections?${query}`, headers: caller.headers });
  expect([query, reply.statusCode]).toEqual([query, 200]);
  return reply.json();
}

async function follow(query: string, between: () => Promise<void> = () => Promise.resolve()): Promise<Detection[]> {
  const all: Detection[] = [];
  for (let next: string | null = ''; next !== null;) {
    const answer: Page = await page(`${query}${next === '' ? '' : `&after=${next}`}`);
    all.push(...answer.items);
    next = answer.next;
    await between();
  }
  return all;
}

const named = ({ assetId, check }: Detection): string => `${assetId} ${check}`;

describe('pages of detections by cursor', () => {
  const moment = (): string => `asOf=${server.clock.now.toISOString()}`;

  it.each([
    ['from the index', () => 'status=all'],
    ['from the histories', () => `status=all&${moment()}`],
    ['of one asset', () => `status=all&assetId=${machines[0]?.agent.assetId}`],
    ['of a filter', () => 'severity=3&search=cve'],
    ['asset by asset, from the index,', () => 'status=all&sort=asset'],
    ['asset by asset, from the histories,', () => `status=all&sort=asset&${moment()}`],
    ['asset by asset, of a filter,', () => 'sort=asset&severity=3&search=cve'],
    ['asset by asset, of a query,', () => 'sort=asset&query=severity:>=2'],
  ])('%s give the whole list, whatever the size of a page', async (_, query) => {
    const whole = await page(`${query()}&limit=500`);
    expect(whole.total).toBe(whole.items.length);
    expect(whole.next).toBeNull();
    expect(whole.total).toBeGreaterThan(4);
    for (const limit of [1, 2, 3, 5]) expect(await follow(`${query()}&limit=${limit}`)).toEqual(whole.items);
  });

  it('say by which version of CVSS the highest score was given', async () => {
    const { items } = await page('severity=3&limit=500');
    const said = new Map(items.map(({ name, cvssScore, cvssVersion }) => [name, [cvssScore, cvssVersion]]));
    expect(Object.fromEntries(said)).toMatchObject({
      'CVE-2026-1000': [9.8, '4.0'],
      'CVE-2026-1001': [9.8, '3.1'],
      'CVE-2026-1002': [5, '2.0'],
      'CVE-2026-1003': [null, null],
    });
  });

  it('come in the same order from index and histories, and a cursor of one leads on in the other', async () => {
    const whole = (await page('status=all&limit=500')).items.map(named);
    expect((await page(`status=all&limit=500&${moment()}`)).items.map(named)).toEqual(whole);
    const { next } = await page('status=all&limit=7');
    expect((await page(`status=all&limit=500&${moment()}&after=${next}`)).items.map(named)).toEqual(whole.slice(7));
    // From there an offset counts on, and the total is that of the list.
    const rest = await page(`status=all&limit=500&after=${next}&offset=3`);
    expect([rest.items.map(named), rest.total]).toEqual([whole.slice(10), whole.length]);
  });

  it.each([
    ['the index', () => 'status=all'],
    ['the histories', () => `status=all&${moment()}`],
    ['a query', () => 'query=severity:>=2'],
  ])('asset by asset from %s hold what the list holds, each asset worst first; as CSV alike', async (_, query) => {
    const worst = (await page(`${query()}&limit=500`)).items;
    const assets = machines.map(({ agent }) => agent.assetId);
    const expected = assets.flatMap((assetId) => worst.filter((one) => one.assetId === assetId));
    expect((await page(`${query()}&limit=500&sort=asset`)).items).toEqual(expected);
    const reply = await server.app.inject({ url: `/api/v1/detections?${query()}&format=csv`, headers: caller.headers });
    const rows = reply.body.trimEnd().split('\r\n').slice(1);
    expect(rows.map((row) => `${row.split(',').at(-1)} ${row.split(',')[1]}`)).toEqual(expected.map(named));
    const asWished = await server.app.inject({
      url: `/api/v1/detections?${query()}&format=csv&sort=worst`,
      headers: caller.headers,
    });
    const inOrder = asWished.body.trimEnd().split('\r\n').slice(1);
    expect(inOrder.map((row) => `${row.split(',').at(-1)} ${row.split(',')[1]}`)).toEqual(worst.map(named));
  });

  it('refuse a cursor of another order', async () => {
    for (const [given, wanted] of [
      ['worst', 'asset'],
      ['asset', 'worst'],
      ['risk', 'asset'],
    ]) {
      const { next } = await page(`sort=${given}&limit=1`);
      const url = `/api/v1/detections?sort=${wanted}&after=${next}`;
      expect((await server.app.inject({ url, headers: caller.headers })).statusCode).toBe(400);
    }
  });

  it('show once what is there all the time, however much comes and goes meanwhile', async () => {
    const changes = fc.array(fc.record({ machine: fc.nat(3), packages: fc.subarray(names) }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(changes, fc.integer({ min: 1, max: 4 }), async (steps, limit) => {
        // The last two machines stay as they are.
        const quiet = new Set(machines.slice(4).map(({ agent }) => agent.assetId));
        const left = [...steps];
        const seen = await follow(`status=open&limit=${limit}`, async () => {
          const step = left.shift();
          const machine = step && machines[step.machine];
          if (machine) await report(machine, step.packages);
        });
        expect(new Set(seen.map(named)).size).toBe(seen.length);
        const constant = (await page('status=open&limit=500')).items.filter(({ assetId }) => quiet.has(assetId)).map(named);
        expect(seen.filter(({ assetId }) => quiet.has(assetId)).map(named)).toEqual(constant);
        expect(constant.length).toBe(2 * names.length);
      }),
      { numRuns: 8 },
    );
  }, 120_000);

  it.each([
    ['text', 'hello'],
    ['another shape', Buffer.from('[1,2,3]').toString('base64url')],
    ['no JSON', Buffer.from('[1,').toString('base64url')],
    ['a severity that is none', Buffer.from('[9,true,null,1,true,1]').toString('base64url')],
    ['a number that is none', Buffer.from('[5,true,null,1e999,true,1]').toString('base64url')],
  ])('are refused for a cursor that is %s', async (_, after) => {
    const reply = await server.app.inject({ url: `/api/v1/detections?after=${after}`, headers: caller.headers });
    expect([reply.statusCode, reply.json<{ code: string }>().code]).toEqual([400, 'BAD_REQUEST']);
  });

  it('end behind the last detection there could be', async () => {
    const after = Buffer.from('[1,false,null,0,false,2147483647]').toString('base64url');
    expect(await page(`status=all&after=${after}`)).toMatchObject({ items: [], next: null, total: expect.any(Number) });
    expect((await page(`status=all&after=${after}&${moment()}`)).total).toBe((await page(`status=all&after=${after}`)).total);
  });
});
