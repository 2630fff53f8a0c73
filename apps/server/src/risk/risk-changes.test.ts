import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import type { KnowledgeInput } from '@vedette/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import { addMachine, call, database, installFleetFixture, pass, reportPackages, server } from '../testing/fleet-fixture.ts';
import type { TestAgent } from '../testing/test-agent.ts';
import { debianPackage } from '../testing/told-server.ts';

installFleetFixture({ syncDocument, throwAwayDatabase });

const hour = 3_600_000;
const agents: TestAgent[] = [];
const names = ['openssl', 'curl', 'zlib', 'bash'];
let kevSince: string | null = null;
let sequence = 1;

beforeAll(async () => {
  await learn();
  const packages = ['openssl', 'curl', 'zlib'].map((name) => debianPackage(name, '1.0-1'));
  for (const hostname of ['web-1', 'web-2', 'db-1']) agents.push(await addMachine(hostname, ...packages));
  await judgeUnjudged(database.db);
}, 60_000);

async function learn(): Promise<void> {
  const statement = { ecosystem: 'debian', release: 'bookworm', status: 'fixed', introduced: null } as const;
  const knowledge: KnowledgeInput = {
    advisories: names.map((name, index) => ({
      id: `DSA-900${index}-1`,
      feed: 'debian-dsa',
      published: '2026-10-01',
      vulnerabilities: [`CVE-2026-100${index}`],
      affected: [{ ...statement, package: name, fixed: '9.0-1' }],
    })),
    vulnerabilities: names.map((_name, index) => ({
      id: `CVE-2026-100${index}`,
      published: null,
      cvss: [
        { version: '3.1' as const, vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 4 + index, source: 'nvd' },
      ],
      cwe: [],
      kevSince: index === 0 ? kevSince : null,
      epss: { score: 0.04 * (index + 1), percentile: 0.5, date: '2026-10-01' },
    })),
    origins: [],
  };
  await importKnowledge(database.db, knowledge, { at: server.clock.now, starter: false });
}

interface Changes {
  readonly before: number;
  readonly now: number;
  readonly causes: { readonly cause: string; readonly share: number; readonly detections: number }[];
}

async function changesSince(moment: Date): Promise<Changes> {
  return (await call<Changes>('GET', `/risk/changes?since=${moment.toISOString()}`)).json;
}

describe('what changed the risk', () => {
  it.each<[string, () => Promise<unknown>, string, number]>([
    ['a package came', () => install(0, { bash: '1.0-1' }), 'found', 1],
    ['a package was upgraded', () => install(1, { curl: '9.0-1' }), 'gone', -1],
    ['a flaw is exploited', () => ((kevSince = '2026-11-22'), learn()), 'knowledge', 1],
    ['assets were said to matter', () => call('POST', '/tags/db', { query: 'hostname:db', criticality: 5 }), 'tags', 1],
    ['an exception was given', () => except(), 'excepted', -1],
    ['the tag was taken back', () => call('POST', '/tags/db', { query: 'hostname:db', criticality: 1 }), 'tags', -1],
  ])('when %s is told by its cause alone, and adds up', async (_what, act, cause, sign) => {
    const before = server.clock.now;
    pass(hour);
    await act();
    await judgeUnjudged(database.db);
    pass(hour);
    const { before: risk, now, causes } = await changesSince(before);
    expect(causes.map((one) => [one.cause, Math.sign(one.share)])).toEqual([[cause, sign]]);
    expect(Math.sign(now - risk)).toBe(sign);
    expect((await call<{ risk: number }>('GET', '/risk')).json.risk).toBe(now);
  });

  it('is not known from before the index', async () => {
    expect((await call('GET', '/risk/changes?since=2020-01-01T00:00:00Z')).status).toBe(400);
  });
});

async function install(agent: number, change: Record<string, string>): Promise<void> {
  sequence += 1;
  const all = { openssl: '1.0-1', curl: '1.0-1', zlib: '1.0-1', ...change };
  await reportPackages(agents[agent], sequence, ...Object.entries(all).map(([name, version]) => debianPackage(name, version)));
}

async function except(): Promise<void> {
  await call('POST', '/exceptions', { query: 'package:zlib', status: 'affected', reason: 'accepted' });
}

interface Listed {
  readonly total: number;
  readonly next: string | null;
  readonly items: { readonly hostname: string; readonly name: string; readonly risk: number }[];
}

describe('lists by risk', () => {
  it('fall, say the same from index and histories, and come whole in pages of any size', async () => {
    const now = server.clock.now.toISOString();
    const { json: whole } = await call<Listed>('GET', '/detections?sort=risk&limit=100');
    expect(whole.items.length).toBeGreaterThan(5);
    expect(whole.items.map(({ risk }) => risk)).toEqual(whole.items.map(({ risk }) => risk).toSorted((a, b) => b - a));
    expect((await call<Listed>('GET', `/detections?sort=risk&limit=100&asOf=${now}`)).json.items).toEqual(whole.items);
    for (const more of ['', `&asOf=${now}`]) {
      const read: Listed['items'] = [];
      let after = '';
      do {
        const { json } = await call<Listed>('GET', `/detections?sort=risk&limit=2${more}${after}`);
        read.push(...json.items);
        after = json.next === null ? '' : `&after=${json.next}`;
      } while (after !== '');
      expect(read).toEqual(whole.items);
    }
    const { json } = await call<Listed>('GET', '/detections?sort=risk&limit=3&offset=2');
    expect(json.items).toEqual(whole.items.slice(2, 5));
    expect((await call('GET', `/detections?limit=2&after=${whole.next ?? 'WzEsMSx0cnVlLDFd'}`)).status).toBe(400);
  });

  it('of assets agree with each asset, and explanations with their detection', async () => {
    interface Asset {
      readonly assetId: string;
      readonly risk: number;
    }
    const { json } = await call<{ items: Asset[] }>('GET', '/assets?sort=risk');
    expect(json.items.map(({ risk }) => risk)).toEqual(json.items.map(({ risk }) => risk).toSorted((a, b) => b - a));
    for (const { assetId, risk } of json.items) {
      expect((await call<{ asset: Asset }>('GET', `/assets/${assetId}`)).json.asset.risk).toBe(risk);
    }
    const { json: list } = await call<{ items: { assetId: string; check: number; risk: number }[] }>('GET', '/detections');
    const [first] = list.items;
    const { json: why } = await call<{ risk: { score: number; factors: object[] } }>(
      'GET',
      `/assets/${first?.assetId}/detections/${first?.check}`,
    );
    expect([why.risk.score, why.risk.factors.length]).toEqual([first?.risk, 5]);
  });

  it('and what-if agree with the fix list', async () => {
    interface Fixes {
      readonly total: number;
      readonly next: string | null;
      readonly items: { readonly source: string; readonly share: number }[];
      readonly together: { readonly riskNow: number; readonly riskAfter: number };
    }
    const { json } = await call<Fixes>('GET', '/fixes?limit=1');
    const [first] = json.items;
    const upgrades = [{ ecosystem: 'debian', release: 'bookworm', source: first?.source }];
    const { json: what } = await call<{ now: { risk: number }; after: { risk: number } }>('POST', '/detections/what-if', {
      upgrades,
    });
    expect([what.now.risk, what.after.risk]).toEqual([json.together.riskNow, json.together.riskAfter]);
    const { json: rest } = await call<Fixes>('GET', `/fixes?after=${json.next}`);
    expect(rest.items.length + 1).toBe(json.total);
    expect(rest.items.map(({ source }) => source)).not.toContain(first?.source);
    expect((await call('GET', '/fixes?after=nonsense')).status).toBe(400);
    const one = await call<Fixes & { commands: string[] }>('GET', `/assets/${agents[2]?.assetId}/fixes`);
    expect(one.json.commands[0]).toContain('apt-get install --only-upgrade');
    expect((await call('GET', '/assets/00000000-0000-4000-8000-000000000000/fixes')).status).toBe(404);
  });
});

describe('risk of the fleet', () => {
  it('is told day by day as it was then, by what is known, tagged and excepted now', async () => {
    const risks: number[] = [];
    const note = async () => risks.push((await call<{ risk: number }>('GET', '/risk')).json.risk);
    const day = 24 * hour;
    await note();
    for (const agent of [0, 1, 2]) {
      pass(day / 2);
      await install(agent, { openssl: '9.0-1' });
      await judgeUnjudged(database.db);
      pass(day / 2);
      await note();
    }
    expect(new Set(risks).size).toBeGreaterThan(2);
    const riskBy = async (more: string) => {
      const { json } = await call<{ days: { risk: number }[] }>('GET', `/trends?days=30${more}`);
      return json.days.map((one) => one.risk).slice(-risks.length);
    };
    expect(await riskBy('')).toEqual(risks);
    const asOf = new Date(server.clock.now.getTime() - day).toISOString();
    expect((await riskBy(`&asOf=${asOf}`)).slice(1)).toEqual(risks.slice(0, -1));
  });
});
