import { agentPaths, type Detection, type DetectionGroup, type FactRow, type Remainder } from '@vedette/protocol';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';

let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Awaited<ReturnType<typeof testCaller>>;
const agents: TestAgent[] = [];
const dayMs = 24 * 3600 * 1000;
/** Source package, fixed version, score. */
const flaws = [
  ['openssl', '2.0-1', 9.8],
  ['openssl', '3.0-1', 5],
  ['curl', null, 7.5],
  ['bash', '2.0-1', null],
  ['linux', '2.0-1', 9.1],
] as const;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  caller = await testCaller(server);
  await know(flaws.slice(0, 4));
  for (const [index, codename] of ['bookworm', 'bookworm', 'trixie', 'sid'].entries()) {
    const agent = new TestAgent(server);
    await agent.enroll(
      await testActivationKey(server, caller.organizationId),
      {},
      { hostname: `web-${index}`, machineId: codename },
    );
    agents.push(agent);
    await report(index, 1, codename, [
      pkg('openssl', '1.0-1'),
      pkg('libssl', '1.0-1', 'openssl'),
      pkg('curl', '1.0-1'),
      pkg('bash', '1.0-1'),
    ]);
    later(1);
  }
  later(3);
  // One gone, one gone and back, kernels that do not run, and a check that comes last.
  await report(0, 2, 'bookworm', [pkg('openssl', '2.0-1'), pkg('curl', '1.0-1'), pkg('bash', '2.0-1')]);
  later(1);
  await report(0, 3, 'bookworm', [pkg('openssl', '2.0-1'), pkg('curl', '1.0-1'), pkg('bash', '1.0-1')]);
  await report(1, 2, 'bookworm', [
    pkg('openssl', '1.0-1'),
    pkg('curl', '1.0-1'),
    pkg('linux-image-6.1.0-9-amd64', '1.0-1', 'linux'),
  ]);
  later(1);
  await know(flaws);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

function later(days: number): void {
  server.clock.now = new Date(server.clock.now.getTime() + days * dayMs);
}

async function know(known: readonly (typeof flaws)[number][]): Promise<void> {
  const advisories = known.map(([name, fixed], index) => ({
    id: `DSA-900${index}-1`,
    feed: 'debian-dsa',
    published: '2026-10-01',
    vulnerabilities: [`CVE-2026-100${index}`],
    affected: ['bookworm', 'trixie'].map((release) => {
      return {
        ecosystem: 'debian' as const,
        release,
        package: name,
        status: fixed === null ? ('affected' as const) : ('fixed' as const),
        introduced: null,
        fixed,
      };
    }),
  }));
  const vulnerabilities = known.map(([, , score], index) => ({
    id: `CVE-2026-100${index}`,
    published: null,
    cvss:
      score === null
        ? []
        : [{ version: '3.1' as const, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score, source: 'nvd' }],
    cwe: [],
    kevSince: null,
    epss: null,
  }));
  await importKnowledge(database.db, { advisories, vulnerabilities, origins: [] }, { at: server.clock.now, starter: false });
}

function pkg(name: string, version: string, source = name): FactRow {
  return { name, version, architecture: 'amd64', source, sourceVersion: version, state: 'installed' };
}

async function report(index: number, sequence: number, codename: string, packages: FactRow[]): Promise<void> {
  const os = { id: 'debian', idLike: '', versionId: '', codename, prettyName: `Debian ${codename}`, hostname: `web-${index}` };
  const rows = { os: [{ ...os, architecture: 'amd64' }], dpkg: packages };
  const documents = Object.entries(rows).map(([collector, each]) => syncDocument({ collector, sequence, rows: each }));
  expect((await agents[index]?.post(agentPaths.sync, { documents }))?.status).toBe(200);
}

async function ask<Reply>(path: string, body?: object): Promise<Reply> {
  const request = body ? ({ method: 'POST', payload: body } as const) : {};
  const reply = await server.app.inject({ ...request, url: `/api/v1${path}`, headers: caller.headers });
  expect([path, reply.statusCode]).toEqual([path, 200]);
  return reply.json<Reply>();
}

interface Counts {
  readonly groups: DetectionGroup[];
  readonly total: number;
  readonly next: string | null;
  readonly detections: number;
}

const releases = ['bookworm', 'bookworm', 'trixie', 'sid'];
const releaseOf = ({ assetId }: Detection): string => releases[agents.findIndex((agent) => agent.assetId === assetId)] ?? '';
/** Said of each detection of the list: what the index counts by itself. */
const keys: Record<string, (detection: Detection) => readonly string[]> = {
  severity: ({ severity }) => [`${severity}`],
  status: ({ status }) => [status],
  os: (detection) => [`Debian ${releaseOf(detection)}`],
  ecosystem: () => ['debian'],
  release: (detection) => [releaseOf(detection)],
  asset: ({ assetId }) => [assetId],
  check: ({ check }) => [`${check}`],
  package: ({ packages }) => [...new Set(packages.map(({ source }) => source))],
  firstFound: ({ firstFound }) => [firstFound.slice(0, 10)],
};

async function counted(groupBy: string, filter: string) {
  const { items } = await ask<{ items: Detection[] }>(`/detections?limit=500${filter}`);
  const groups = new Map<string, Detection[]>();
  for (const item of items) for (const key of keys[groupBy]?.(item) ?? []) groups.set(key, [...(groups.get(key) ?? []), item]);
  const found = [...groups].map(([key, list]) => {
    const assets = groupBy === 'firstFound' ? null : new Set(list.map(({ assetId }) => assetId)).size;
    return { key, detections: list.length, assets };
  });
  return { detections: items.length, groups: found.toSorted((a, b) => b.detections - a.detections || (a.key < b.key ? -1 : 1)) };
}

describe('detections counted', () => {
  const filters = [
    '',
    '&query=firstFound:*',
    '&query=not openAt:*',
    '&status=new',
    '&status=reopened',
    '&severity=4',
    '&search=openssl',
    '&severityExact=1',
  ];
  it.each(Object.keys(keys).flatMap((groupBy) => filters.map((filter) => [groupBy, filter] as const)))(
    'by %s with "%s" are as many as the list holds',
    async (groupBy, filter) => {
      const { groups, total, detections } = await ask<Counts>(`/detections/counts?groupBy=${groupBy}${filter}`);
      const expected = await counted(groupBy, filter);
      expect({
        detections,
        groups: groups.map(({ key, detections: count, assets }) => ({ key, detections: count, assets })),
      }).toEqual(expected);
      expect(total).toBe(expected.groups.length);
    },
  );

  it.each(['severity', 'status', 'os', 'release', 'asset', 'check'])(
    'by %s with the fixed ones are as many as the list holds',
    async (groupBy) => {
      for (const filter of ['&status=all', '&status=fixed']) {
        const { groups, detections } = await ask<Counts>(`/detections/counts?groupBy=${groupBy}${filter}`);
        expect({
          detections,
          groups: groups.map(({ key, detections: count, assets }) => ({ key, detections: count, assets })),
        }).toEqual(await counted(groupBy, filter));
      }
    },
  );

  it.each(
    ['severity', 'asset', 'check', 'firstFound'].flatMap((groupBy) =>
      ['', `&asOf=${'then'}&status=all`].map((filter) => [groupBy, groupBy === 'firstFound' ? '' : filter] as const),
    ),
  )('by %s%s come in every order, whole in pages of any size, the other way round, and as CSV', async (groupBy, filter) => {
    const path = `/detections/counts?groupBy=${groupBy}${filter.replace('then', server.clock.now.toISOString())}`;
    const values = {
      detections: ({ detections }: DetectionGroup) => -detections,
      assets: ({ assets }: DetectionGroup) => -(assets ?? 0),
      label: ({ label }: DetectionGroup) => label,
    };
    for (const [sort, valueOf] of Object.entries(values)) {
      const whole = await ask<Counts>(`${path}&sort=${sort}`);
      const expected = whole.groups.toSorted((a, b) => {
        const [one, other] = [
          [valueOf(a), a.key],
          [valueOf(b), b.key],
        ];
        const at = one[0] === other[0] ? 1 : 0;
        return one[at] === other[at] ? 0 : (one[at] ?? 0) < (other[at] ?? 0) ? -1 : 1;
      });
      expect([sort, whole.groups]).toEqual([sort, expected]);
      for (const [direction, groups] of [
        ['ascending', whole.groups],
        ['descending', whole.groups.toReversed()],
      ] as const) {
        const found: DetectionGroup[] = [];
        for (let after = ''; ;) {
          const page = await ask<Counts>(`${path}&sort=${sort}&direction=${direction}&limit=2${after}`);
          expect(page.total).toBe(whole.total);
          found.push(...page.groups);
          if (page.next === null) break;
          after = `&after=${page.next}`;
        }
        expect([sort, direction, found]).toEqual([sort, direction, groups]);
      }
      const csv = await server.app.inject({ url: `/api/v1${path}&sort=${sort}&format=csv`, headers: caller.headers });
      const lines = csv.body.replace('\uFEFF', '').trimEnd().split('\r\n');
      expect(lines).toEqual([
        'Key,Label,Detections,Assets',
        ...whole.groups.map(({ key, label, detections, assets }) => [key, label, detections, assets].join(',')),
      ]);
    }
  });

  it('are found by a part of their names, and refuse a cursor of another order', async () => {
    const { groups, total, detections } = await ask<Counts>('/detections/counts?groupBy=asset&label=EB-1');
    expect([groups.map(({ label }) => label), total]).toEqual([['web-1'], 1]);
    expect(detections).toBe((await ask<Counts>('/detections/counts?groupBy=asset')).detections);
    const { next } = await ask<Counts>('/detections/counts?groupBy=asset&limit=1');
    const url = `/api/v1/detections/counts?groupBy=asset&sort=label&after=${next}`;
    expect((await server.app.inject({ url, headers: caller.headers })).statusCode).toBe(400);
  });

  it('have names for people, and no more groups than asked for', async () => {
    const { groups, total } = await ask<Counts>('/detections/counts?groupBy=check&limit=2');
    expect([groups.length, total]).toEqual([2, 5]);
    expect(groups[0]?.label).toMatch(/^CVE-2026-100/);
    const hosts = (await ask<Counts>('/detections/counts?groupBy=asset')).groups.map(({ label }) => label);
    expect(hosts.toSorted()).toEqual(['web-0', 'web-1', 'web-2']);
  });

  it.each([
    'groupBy=package&status=all',
    'groupBy=firstFound&status=fixed',
    'groupBy=hair',
    'groupBy=severity&foundWithinDays=300',
  ])('by what the index cannot know are refused: %s', async (query) => {
    const reply = await server.app.inject({ url: `/api/v1/detections/counts?${query}`, headers: caller.headers });
    expect(reply.statusCode).toBe(400);
  });

  it('are none for another organization', async () => {
    const { headers } = await testCaller(server);
    const reply = await server.app.inject({ url: '/api/v1/detections/counts?groupBy=severity', headers });
    expect(reply.json()).toEqual({ groups: [], total: 0, next: null, detections: 0 });
  });
});

describe('what would remain', () => {
  const upgrade = (release: string, source: string) => ({ ecosystem: 'debian', release, source });
  const whatIf = (body: object) => ask<{ now: Remainder; after: Remainder }>('/detections/what-if', body);

  it('is what is there, when nothing is done', async () => {
    const { now, after } = await whatIf({});
    expect(after).toEqual(now);
    const { open } = await ask<{ open: Remainder['open'] }>('/dashboard');
    expect(now.open).toEqual(open);
    expect(now.assets).toBe(3);
  });

  it('lacks checks that were dealt with', async () => {
    const { groups } = await ask<Counts>('/detections/counts?groupBy=check');
    const [first] = groups;
    const { now, after } = await whatIf({ checks: [Number(first?.key)] });
    const sum = (open: Remainder['open']): number => Object.values(open).reduce((total, count) => total + count, 0);
    expect(sum(now.open) - sum(after.open)).toBe(first?.detections);
    expect((await whatIf({ checks: groups.map(({ key }) => Number(key)) })).after).toMatchObject({ assets: 0 });
  });

  it('is what remains when the upgrades are really made; what has no fix stays', async () => {
    const upgrades = [
      upgrade('bookworm', 'openssl'),
      upgrade('bookworm', 'linux'),
      upgrade('trixie', 'bash'),
      upgrade('bookworm', 'curl'),
    ];
    const { now, after } = await whatIf({ upgrades });
    expect(after).not.toEqual(now);
    await report(0, 4, 'bookworm', [pkg('openssl', '3.0-1'), pkg('curl', '1.0-1'), pkg('bash', '1.0-1')]);
    await report(1, 3, 'bookworm', [
      pkg('openssl', '3.0-1'),
      pkg('curl', '1.0-1'),
      pkg('linux-image-6.1.0-9-amd64', '2.0-1', 'linux'),
    ]);
    await report(2, 2, 'trixie', [
      pkg('openssl', '1.0-1'),
      pkg('libssl', '1.0-1', 'openssl'),
      pkg('curl', '1.0-1'),
      pkg('bash', '2.0-1'),
    ]);
    expect((await whatIf({})).now).toEqual(after);
  });
});
