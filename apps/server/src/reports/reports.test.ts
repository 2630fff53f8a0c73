import { createHash, randomUUID } from 'node:crypto';
import {
  agentPaths,
  type DpkgPackage,
  type FactRow,
  ReportFormat,
  type ReportFormat as Format,
  ReportKind,
  type Report,
} from '@vedette/protocol';
import { eventually, syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importKnowledge } from '../knowledge/import-knowledge.ts';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { ReportKeeper } from './report-keeper.ts';

type Caller = Awaited<ReturnType<typeof testCaller>>;

const day = 24 * 3600 * 1000;
const begin = new Date('2026-10-01T12:00:00Z');
const hostileName = `=cmd|'/c calc'!A1<script>alert("x")</script>`;
let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Caller;
let stranger: Caller;
let web: Asset;

interface Asset {
  readonly send: (...packages: DpkgPackage[]) => Promise<void>;
}

function pkg(name: string, version = '1-1'): DpkgPackage {
  return { name, version, architecture: 'amd64', source: name, sourceVersion: version, state: 'installed' };
}

async function addAsset(hostname: string): Promise<Asset> {
  const agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname });
  let sequence = 0;
  const release = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian GNU/Linux 12' };
  return {
    async send(...packages) {
      sequence += 1;
      const os: FactRow = { ...release, hostname, architecture: 'amd64' };
      const documents = [
        syncDocument({ collector: 'os', sequence, rows: [os] }),
        syncDocument({ collector: 'dpkg', sequence, rows: packages }),
      ];
      await agent.post(agentPaths.sync, { documents });
      await judgeUnjudged(database.db);
    },
  };
}

async function learn(...names: string[]): Promise<void> {
  const statement = { ecosystem: 'debian', release: 'bookworm', introduced: null } as const;
  const advisories = names.map((name, index) => ({
    id: `DSA-${9000 + index}-1`,
    feed: 'debian-dsa',
    published: '2026-09-01',
    vulnerabilities: [`CVE-2026-${1001 + index}`],
    affected: [
      name === 'unfixed'
        ? { ...statement, package: name, status: 'affected' as const, fixed: null }
        : { ...statement, package: name, status: 'fixed' as const, fixed: '2-1' },
    ],
  }));
  const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
  const vulnerabilities = names.map((_name, index) => ({
    id: `CVE-2026-${1001 + index}`,
    published: null,
    cvss: [{ version: '3.1' as const, vector, score: [9.8, 7.5, 5][index % 3] ?? 5, source: 'nvd' }],
    cwe: [],
    kevSince: index === 0 ? '2026-09-05' : null,
    epss: null,
  }));
  await importKnowledge(database.db, { advisories, vulnerabilities, origins: [] }, { at: server.clock.now, starter: false });
}

function at(days: number): Date {
  return new Date(begin.getTime() + days * day);
}

/** web had openssl and curl on day 0, mended curl on day 10, and got bash on day 20; unfixed is there all the time. */
beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  server.clock.now = begin;
  [caller, stranger] = [await testCaller(server), await testCaller(server)];
  await learn('openssl', 'curl', 'unfixed', 'bash');
  web = await addAsset('web');
  await web.send(pkg('openssl'), pkg('curl'), pkg('unfixed'));
  await (await addAsset(hostileName)).send(pkg('openssl'));
  server.clock.now = at(10);
  await web.send(pkg('openssl'), pkg('curl', '2-1'), pkg('unfixed'));
  server.clock.now = at(20);
  await web.send(pkg('openssl'), pkg('curl', '2-1'), pkg('unfixed'), pkg('bash'));
  server.clock.now = at(21);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object, by = caller) {
  const reply = await server.app.inject({
    method,
    url: `/api/v1${path}`,
    headers: by.headers,
    ...(body ? { payload: body } : {}),
  });
  return { status: reply.statusCode, headers: reply.headers, bytes: reply.rawPayload, text: reply.body };
}

async function wish(body: object): Promise<Report> {
  const { status, text } = await ask('POST', '/reports', body);
  if (status !== 200) throw new Error(text);
  return JSON.parse(text) as Report; // as the endpoint says
}

async function made(body: object): Promise<{ report: Report; bytes: Buffer }> {
  const { reportId } = await wish(body);
  // A report of now is made when now is over.
  server.clock.now = new Date(server.clock.now.getTime() + 3000);
  const keeper = new ReportKeeper(server.context, () => Promise.resolve());
  const report = await eventually('the report', 10_000, async () => {
    await keeper.work();
    const one = JSON.parse((await ask('GET', `/reports/${reportId}`)).text) as Report;
    if (one.state === 'failed') throw new Error(one.problem ?? '');
    return one.state === 'done' ? one : null;
  });
  const { bytes } = await ask('GET', `/reports/${reportId}/file`);
  return { report, bytes };
}

type Rows = Record<string, string | number | null>[];

async function table(body: object, heading?: string): Promise<Rows> {
  const { bytes } = await made({ format: 'json', asOf: at(20.5), ...body });
  const { tables } = JSON.parse(bytes.toString()) as { tables: { heading: string; rows: Rows }[] };
  return (heading === undefined ? tables[0] : tables.find((one) => one.heading === heading))?.rows ?? [];
}

describe('the same report of the same moment', () => {
  const all = ReportKind.options.flatMap((kind) => ReportFormat.options.map((format) => [kind, format] as const));
  const body = (kind: string, format: string) => {
    return { kind, format, asOf: at(15), detections: 'severity:>=2', ...(kind === 'difference' ? { since: at(5) } : {}) };
  };
  const before = new Map<string, Awaited<ReturnType<typeof made>>>();
  beforeAll(async () => {
    for (const [kind, format] of all) before.set(kind + format, await made(body(kind, format)));
    server.clock.now = at(25);
    await web.send(pkg('openssl', '2-1'), pkg('later'));
    await learn('openssl', 'curl', 'later');
    server.clock.now = at(26);
    await learn('openssl', 'curl', 'unfixed', 'bash');
  }, 60_000);

  it.each(all)('a %s as %s has the same bytes, whatever happened since', async (kind, format) => {
    const first = before.get(kind + format);
    const { bytes } = await made(body(kind, format));
    expect(first?.bytes.equals(bytes)).toBe(true);
    expect(bytes.length).toBeGreaterThan(100);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(first?.report.sha256);
    expect(first?.report).toMatchObject({ bytes: bytes.length, state: 'done' });
  });
});

describe('what a report says', () => {
  it('of detections: those that the list has of that moment', async () => {
    const rows = await table({ kind: 'detections' });
    const list = JSON.parse((await ask('GET', `/detections?asOf=${at(20.5).toISOString()}`)).text) as {
      items: { name: string; hostname: string; status: string }[];
    };
    const text = (one: { name?: unknown; hostname?: unknown; asset?: unknown; status?: unknown }) =>
      `${String(one.name)} ${String(one.hostname ?? one.asset)} ${String(one.status)}`;
    expect(rows.map(text).toSorted()).toEqual(list.items.map(text).toSorted());
    expect(rows).toHaveLength(4);
    expect(rows).toContainEqual(
      expect.objectContaining({
        asset: 'web',
        name: 'CVE-2026-1004',
        status: 'new',
        severity: 'critical',
        packages: 'bash 1-1',
        fixedVersion: '2-1',
      }),
    );
  });

  it.each([
    [{ assets: 'hostname:web' }, 3],
    [{ detections: 'kev:true' }, 2],
    [{ assets: 'hostname:web', detections: 'kev:true' }, 1],
    [{ detections: 'status:fixed' }, 1],
    [{ detections: 'asset:(hostname:web) and severity:critical' }, 2],
    [{ assets: 'hostname:nobody' }, 0],
  ])('of detections in the scope %j: %i rows', async (scope, count) => {
    expect(await table({ kind: 'detections', ...scope })).toHaveLength(count);
  });

  it('of a difference: what came and went', async () => {
    const rows = await table({ kind: 'difference', since: at(5) });
    expect(rows.map(({ change, name }) => [change, name])).toEqual([
      ['new', 'CVE-2026-1004'],
      ['fixed', 'CVE-2026-1002'],
    ]);
  });

  it('of a difference without a begin: since the last one of the same scope', async () => {
    const scope = { kind: 'difference', format: 'csv', assets: 'hostname:web or hostname:x' };
    const first = await made({ ...scope, asOf: at(12) });
    const second = await made({ ...scope, asOf: at(14) });
    expect([first.report.since, second.report.since]).toEqual([at(5).toISOString(), at(12).toISOString()]);
  });

  it('of fixes: one upgrade per source package, and what has no fix', async () => {
    const upgrades = await table({ kind: 'fixes', assets: 'hostname:web' });
    expect(upgrades.map(({ source, version, checks }) => [source, version, checks])).toEqual([
      ['openssl', '2-1', 'CVE-2026-1001'],
      ['bash', '2-1', 'CVE-2026-1004'],
    ]);
    const without = await table({ kind: 'fixes', assets: 'hostname:web' }, 'Without a fix');
    expect(without.map(({ check }) => check)).toEqual(['CVE-2026-1003']);
  });

  it('of compliance: what is late by the deadline of its severity, and sooner where it is exploited', async () => {
    const deadlines = { critical: 30, high: 30, medium: 20, low: null, informational: null, knownExploited: 7 };
    const rows = await table({ kind: 'compliance', deadlines, assets: 'hostname:web' }, 'Open detections and their deadlines');
    expect(rows.map(({ name, state, daysLate, dueAt }) => [name, state, daysLate, dueAt])).toEqual([
      ['CVE-2026-1001', 'late', 14, at(7).toISOString()],
      ['CVE-2026-1004', 'in time', null, at(50).toISOString()],
      ['CVE-2026-1003', 'late', 1, at(20).toISOString()],
    ]);
    const [critical, high] = await table({ kind: 'compliance', deadlines, assets: 'hostname:web' });
    expect([critical, high]).toMatchObject([
      { late: 1, inTime: 1 },
      { fixedInTime: 1, fixedLate: 0 },
    ]);
  });

  it('of a summary: figures that the lists of those moments confirm', async () => {
    const { bytes } = await made({ kind: 'summary', format: 'json', asOf: at(20.5) });
    const { figures, tables } = JSON.parse(bytes.toString()) as {
      figures: { label: string; value: number }[];
      tables: { rows: Rows }[];
    };
    expect(Object.fromEntries(figures.map(({ label, value }) => [label, value]))).toMatchObject({
      'assets in scope': 2,
      'open detections': 4,
      'known to be exploited': 2,
      'fixed in 30 days': 1,
      'mean days to fix, 30 days': 10,
    });
    for (const { at: moment, critical, high, medium } of tables[0]?.rows ?? []) {
      const { total } = JSON.parse((await ask('GET', `/detections?asOf=${moment}`)).text) as { total: number };
      expect([moment, Number(critical) + Number(high) + Number(medium)]).toEqual([moment, total]);
    }
  });

  it('of an asset: what it was, what was found, what was installed', async () => {
    const scope = { kind: 'asset', assets: 'hostname:web' };
    expect(await table(scope)).toMatchObject([{ asset: 'web', packages: 4, lastChange: at(20).toISOString() }]);
    const software = await table(scope, 'Software');
    expect(software.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'bash 1-1',
      'curl 2-1',
      'openssl 1-1',
      'unfixed 1-1',
    ]);
  });
});

describe('hostile names', () => {
  const text = async (format: Format): Promise<Buffer> => (await made({ kind: 'detections', format, asOf: at(5) })).bytes;

  it('are no formula in CSV', async () => {
    const csv = (await text('csv')).toString();
    expect(csv).toContain(`"'=cmd|'/c calc'!A1<script>alert(""x"")</script>"`);
    expect(csv.split('\r\n').some((line) => /^"?[=+@-]/.test(line))).toBe(false);
  });

  it('are text in HTML', async () => {
    const html = (await text('html')).toString();
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)');
    expect(html).not.toContain('<script');
  });

  it('are inline text in XLSX, and no cell is a formula', async () => {
    const files = unzipSync(await text('xlsx'));
    const sheet = strFromU8(files['xl/worksheets/sheet2.xml'] ?? new Uint8Array());
    expect(sheet).toContain('t="inlineStr"><is><t xml:space="preserve">=cmd|');
    expect(sheet).not.toContain('<f>');
    expect(sheet).not.toContain('<script');
  });
});

describe('who may what', () => {
  it('another organization sees no report of ours and can neither fetch nor delete it', async () => {
    const { reportId } = (await made({ kind: 'detections', format: 'csv' })).report;
    for (const path of [`/reports/${reportId}`, `/reports/${reportId}/file`]) {
      expect((await ask('GET', path, undefined, stranger)).status).toBe(404);
    }
    expect((await ask('DELETE', `/reports/${reportId}`, undefined, stranger)).status).toBe(404);
    expect(JSON.parse((await ask('GET', '/reports', undefined, stranger)).text)).toEqual({ total: 0, items: [], next: null });
    expect((await ask('GET', `/reports/${reportId}/file`)).headers).toMatchObject({
      'content-type': expect.stringContaining('text/csv') as string,
      'content-disposition': expect.stringMatching(/^attachment; filename="vedette-detections-[\dT-]+\.csv"$/) as string,
    });
  });

  it('whoever may see some assets gets reports of these alone, and sees no report of others', async () => {
    const theirs = (await made({ kind: 'detections', format: 'csv', asOf: at(5) })).report;
    const narrow = await testCaller(server, {
      organizationId: caller.organizationId,
      role: 'unit-manager',
      scope: 'hostname:web',
    });
    const body = { kind: 'detections', format: 'csv', asOf: at(5), assets: 'hostname:*' };
    const { status, text } = await ask('POST', '/reports', body, narrow);
    expect([status, text]).toEqual([200, expect.any(String)]);
    const { reportId } = JSON.parse(text) as Report;
    const csv = await eventually('the report', 10_000, async () => {
      await new ReportKeeper(server.context, () => Promise.resolve()).work();
      const reply = await ask('GET', `/reports/${reportId}/file`, undefined, narrow);
      return reply.status === 200 ? reply.text : null;
    });
    const hosts = csv
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',')[0]);
    expect([...new Set(hosts)]).toEqual(['web']);
    expect((await ask('GET', `/reports/${theirs.reportId}/file`, undefined, narrow)).status).toBe(404);
    expect(JSON.parse((await ask('GET', '/reports', undefined, narrow)).text)).toMatchObject({ total: 1, items: [{ reportId }] });
  });

  it('without a login nothing is given out', async () => {
    const reply = await server.app.inject({ url: `/api/v1/reports/${randomUUID()}/file` });
    expect(reply.statusCode).toBe(401);
  });

  it.each([
    [{ kind: 'detections', format: 'csv', asOf: '2100-01-01T00:00:00Z' }, 'still to come'],
    [{ kind: 'difference', format: 'csv', asOf: at(5), since: at(5) }, 'before asOf'],
    [{ kind: 'detections', format: 'csv', detections: 'nonsense:1' }, 'nonsense'],
    [{ kind: 'detections', format: 'csv', assets: 'asOf:2026-01-01' }, 'moment'],
    [{ kind: 'detections', format: 'docx' }, 'format'],
  ])('refuses %j', async (body, why) => {
    const { status, text } = await ask('POST', '/reports', body);
    expect([status, text]).toEqual([400, expect.stringContaining(why)]);
  });

  it('says how large it would be', async () => {
    const { text } = await ask('POST', '/reports/preview', { assets: 'hostname:web' });
    expect(JSON.parse(text)).toMatchObject({ assets: 1, detections: expect.any(Number) as number });
  });
});

describe('a report whose maker was killed', () => {
  it('is begun anew by the next one when its time is over', async () => {
    const until = new Date(server.clock.now.getTime() + 60_000);
    const reportId = await left({ state: 'running', attempts: 1, claimedUntil: until });
    const chunk = { reportId, number: 0, content: Buffer.from('half a report') };
    await database.db.insertInto('reportChunk').values(chunk).execute();
    const keeper = new ReportKeeper(server.context, () => Promise.resolve());
    await keeper.work();
    expect((await ask('GET', `/reports/${reportId}/file`)).status).toBe(409);
    server.clock.now = new Date(until.getTime() + 1);
    const text = await eventually('the file', 10_000, async () => {
      await keeper.work();
      const reply = await ask('GET', `/reports/${reportId}/file`);
      return reply.status === 200 ? reply.text : null;
    });
    expect(text).toMatch(/^asset,severity/);
  });

  it('is given up after three times', async () => {
    const reportId = await left({ state: 'queued', attempts: 3 });
    const keeper = new ReportKeeper(server.context, () => Promise.resolve());
    const report = await eventually('the end', 5000, async () => {
      await keeper.work();
      const one = JSON.parse((await ask('GET', `/reports/${reportId}`)).text) as Report;
      return one.state === 'failed' ? one : null;
    });
    expect(report.problem).toContain('3 times');
  });

  /** As a process that was killed leaves it. */
  async function left(change: { state: 'queued' | 'running'; attempts: number; claimedUntil?: Date }): Promise<string> {
    const id = randomUUID();
    const times = { asOf: at(5), since: null, createdAt: at(6), expiresAt: new Date(server.clock.now.getTime() + day) };
    const report = {
      organizationId: caller.organizationId,
      id,
      scheduleId: null,
      createdBy: 'somebody',
      ownerId: caller.userId,
      scopes: [],
    };
    const wished = JSON.stringify({ kind: 'detections', format: 'csv' });
    await database.db
      .insertInto('report')
      .values({ ...report, ...times, wish: wished, ...change })
      .execute();
    return id;
  }
});

describe('reports that expired', () => {
  it('are gone with their bytes', async () => {
    const { report } = await made({ kind: 'detections', format: 'csv', asOf: at(5), keepDays: 1 });
    server.clock.now = new Date(server.clock.now.getTime() + 2 * day);
    await new ReportKeeper(server.context, () => Promise.resolve()).work();
    expect((await ask('GET', `/reports/${report.reportId}`)).status).toBe(404);
    const left = await database.db
      .selectFrom('reportChunk')
      .select('number')
      .where('reportId', '=', report.reportId as string)
      .execute();
    expect(left).toEqual([]);
  });
});
