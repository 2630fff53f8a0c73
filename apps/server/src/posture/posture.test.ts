import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  agentPaths,
  CheckInReply,
  type Detection,
  endpoints,
  type FactRow,
  type Lifecycle,
  Manifest,
  manifestSigningText,
  type PostureCheck,
  type SignedManifest,
} from '@vedette/protocol';
import { eventually, syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { judgeUnjudged } from '../knowledge/judge-unjudged.ts';
import { packInput, saveInput } from '../knowledge/stored-input.ts';
import { replayVerdicts } from '../knowledge/replay-verdicts.ts';
import { rootLoginCheck } from '../testing/root-login-check.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, testServer, type TestServer } from '../testing/test-server.ts';
import { keepPosture } from './keep-posture.ts';

const day = 24 * 3600 * 1000;
const directory = mkdtempSync(join(tmpdir(), 'posture-'));
const postureFile = join(directory, 'posture.json');
let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Awaited<ReturnType<typeof testCaller>>;
let agent: TestAgent;
let sequence = 0;

const release: PostureCheck = {
  ...rootLoginCheck,
  number: 902,
  title: 'no more fixes',
  severity: 5,
  reads: [{ probe: { id: 'system.release', kind: 'release' }, requires: 'supported' }],
};
const kernel: PostureCheck = {
  ...rootLoginCheck,
  number: 903,
  title: 'the kernel tells its addresses',
  severity: 2,
  reads: [{ probe: { id: 'sysctl.kptr', kind: 'sysctl', name: 'kernel.kptr_restrict' }, requires: { atLeast: 1 } }],
};

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database, { postureFile, dataDirectory: directory });
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  server.clock.now = new Date(server.clock.now.getTime() + day);
  await publish(rootLoginCheck, release);
  caller = await testCaller(server);
  agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId));
  sequence = 0;
});

async function publish(...checks: PostureCheck[]): Promise<void> {
  writeFileSync(postureFile, JSON.stringify({ checks }));
  await keepPosture(server.context);
}

async function checkIn(manifest?: object): Promise<SignedManifest | undefined> {
  const consumption = { cpuSeconds: 0, rssBytes: 0, peakRssBytes: 0, unevictableBytes: 0, sentBytes: 0, uptimeSeconds: 0 };
  const sentAt = server.clock.now.toISOString();
  const reply = await agent.post(agentPaths.checkIn, {
    agentVersion: '1',
    sentAt,
    collectors: [],
    consumption,
    ...(manifest && { manifest }),
  });
  expect(reply).toMatchObject({ status: 200, authentic: true });
  return CheckInReply.parse(reply.json).manifest;
}

async function send(...rows: readonly (readonly [probe: string, subject: string, value: string])[]): Promise<void> {
  sequence += 1;
  const facts: FactRow[] = rows.map(([probe, subject, value]) => ({ probe, subject, value, where: '/etc/ssh/sshd_config' }));
  const document = syncDocument({ collector: 'posture', sequence, rows: facts });
  const reply = await agent.post(agentPaths.sync, { documents: [document] });
  expect(reply.json).toMatchObject({ results: [{ outcome: 'accepted' }] });
  await judgeUnjudged(database.db);
}

async function get(url: string): Promise<Record<string, unknown>> {
  const reply = await server.app.inject({ url: `/api/v1${url}`, headers: caller.headers });
  expect(reply.statusCode).toBe(200);
  return reply.json();
}

async function detections(): Promise<readonly Detection[]> {
  const { items } = endpoints.listDetections.reply.parse(await get(`/detections?status=all&assetId=${agent.assetId}`));
  return items;
}

describe('a posture detection', () => {
  it('is new, fixed when the setting changes, reopened when it changes back, and explains and replays itself', async () => {
    await send(['sshd.permitrootlogin', 'PermitRootLogin', 'yes']);
    expect(await detections()).toMatchObject([
      {
        check: 3_000_901,
        name: 'VP-901',
        kind: 'posture',
        title: rootLoginCheck.title,
        severity: 4,
        status: 'new',
        confidence: 'confirmed',
        packages: [{ name: 'PermitRootLogin', installed: 'yes', fixed: null, source: 'sshd.permitrootlogin' }],
      },
    ]);
    server.clock.now = new Date(server.clock.now.getTime() + day);
    await send(['sshd.permitrootlogin', 'PermitRootLogin', 'no']);
    expect(await detections()).toMatchObject([{ status: 'fixed', fixedAt: server.clock.now.toISOString() }]);
    server.clock.now = new Date(server.clock.now.getTime() + day);
    await send(['sshd.permitrootlogin', 'PermitRootLogin', 'YES']);
    expect(await detections()).toMatchObject([{ status: 'reopened', fixedAt: null }]);

    const explanation = endpoints.explainDetection.reply.parse(await get(`/assets/${agent.assetId}/detections/3000901`));
    expect(explanation).toMatchObject({
      posture: { title: rootLoginCheck.title, fix: rootLoginCheck.fix },
      intervals: [
        { cause: 'first-scan', endCause: 'setting-change' },
        { cause: 'setting-change', endCause: null },
      ],
      why: [{ sentence: 'PermitRootLogin is YES, by /etc/ssh/sshd_config; it has to be no.', origin: { feed: 'posture' } }],
    });
    const scope = { organizationId: caller.organizationId };
    expect(await replayVerdicts(database.db, scope)).toMatchObject({ verdicts: 2, same: 2, differing: [] });
  });

  it('is found among all, by its kind, its title and its setting', async () => {
    await send(['sshd.permitrootlogin', 'PermitRootLogin', 'yes']);
    const total = async (query: string) => {
      const listed = await get(`/detections?${query}`);
      return listed['total'];
    };
    await eventually('the index knows the detection', 10_000, async () => ((await total('kind=posture')) === 1 ? true : null));
    expect(await total('kind=vulnerability')).toBe(0);
    expect(await total('search=PermitRoot')).toBe(1);
    expect(await total('search=VP-901&kind=posture&severity=4')).toBe(1);
    expect(await get('/assets')).toMatchObject({ items: [{ packages: 0, detections: { high: 1 } }] });
    expect(await get(`/assets/${agent.assetId}/facts/posture`)).toEqual({
      total: 1,
      items: [{ probe: 'sshd.permitrootlogin', subject: 'PermitRootLogin', value: 'yes', where: '/etc/ssh/sshd_config' }],
      next: null,
    });
  });

  it('ends with its check', async () => {
    await send(['sshd.permitrootlogin', 'PermitRootLogin', 'yes']);
    server.clock.now = new Date(server.clock.now.getTime() + day);
    await publish(release);
    expect(await detections()).toMatchObject([{ status: 'fixed' }]);
  });
});

describe('the posture of an asset', () => {
  const outcomes = async () => {
    const { counts, checks } = endpoints.getPosture.reply.parse(await get(`/assets/${agent.assetId}/posture`));
    const all = Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));
    expect(counts).toMatchObject(
      Object.fromEntries(Object.values(all).map((each) => [each, Object.values(all).filter((one) => one === each).length])),
    );
    return all;
  };

  it.each([
    ['yes', 'failed'],
    ['no', 'passed'],
    ['(not set)', 'passed'],
    ['(absent)', 'not-applicable'],
    ['(not applicable)', 'not-applicable'],
    ['(unreadable)', 'unassessed'],
    ['(withheld)', 'unassessed'],
    ['(not understood)', 'unassessed'],
  ])('says of PermitRootLogin %s: %s', async (value, outcome) => {
    await send(['sshd.permitrootlogin', 'PermitRootLogin', value]);
    expect(await outcomes()).toMatchObject({ 'VP-901': outcome });
    expect((await detections()).length).toBe(outcome === 'failed' ? 1 : 0);
  });

  it('counts what the agent has not sent as not read, never as passed', async () => {
    expect(await outcomes()).toEqual({ 'VP-901': 'unread', 'VP-902': 'unassessed' });
  });

  it('fails by the worst of what was read', async () => {
    await send(
      ['sshd.permitrootlogin', 'PermitRootLogin', 'no'],
      ['sshd.permitrootlogin', 'PermitRootLogin (Match user git)', 'yes'],
    );
    expect(await outcomes()).toMatchObject({ 'VP-901': 'failed' });
    expect(await detections()).toMatchObject([{ packages: [{ name: 'PermitRootLogin (Match user git)' }] }]);
  });
});

describe('a release', () => {
  const lifecycle = (name: string, ends: string, extended: string | null): Lifecycle => ({
    feed: 'end-of-life',
    product: 'debian',
    cycle: name,
    ecosystem: 'debian',
    release: name,
    released: null,
    isLongTerm: false,
    activeSupportEnds: null,
    securitySupportEnds: ends,
    extendedSupportEnds: extended,
  });

  it('is judged by what is known of its support, and again on the day on which that ends', async () => {
    const dayText = (days: number) => new Date(server.clock.now.getTime() + days * day).toISOString().slice(0, 10);
    await send(['system.release', 'operating system', 'debian soon']);
    expect(await detections()).toEqual([]);
    const lifecycles = [
      lifecycle('over', dayText(-30), dayText(-1)),
      lifecycle('soon', dayText(1), null),
      lifecycle('extended', dayText(-1), dayText(9)),
    ];
    await saveInput(database.db, 'end-of-life', await packInput({ advisories: [], vulnerabilities: [], lifecycles }));
    await keepPosture(server.context);
    expect(await detections()).toEqual([]);
    server.clock.now = new Date(server.clock.now.getTime() + day);
    await keepPosture(server.context);
    expect(await detections()).toMatchObject([{ name: 'VP-902', status: 'new', firstFound: server.clock.now.toISOString() }]);
    await send(['system.release', 'operating system', 'debian over']);
    expect(await detections()).toMatchObject([{ name: 'VP-902', packages: [{ installed: 'debian over' }] }]);
    for (const other of ['debian extended', 'debian unknown']) {
      server.clock.now = new Date(server.clock.now.getTime() + day);
      await send(['system.release', 'operating system', other]);
      expect(await detections()).toMatchObject([{ status: 'fixed' }]);
    }
  });
});

describe('the manifest', () => {
  it('is signed by the platform, and handed to agents that know manifests and use another one', async () => {
    const signed = await checkIn({ version: 0 });
    const x = Buffer.from(server.context.platformKey.publicKeyBase64, 'base64').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const text = Buffer.from(manifestSigningText(signed?.content ?? ''));
    expect(verify(null, text, key, Buffer.from(signed?.signature ?? '', 'base64'))).toBe(true);
    const manifest = Manifest.parse(JSON.parse(signed?.content ?? ''));
    expect(manifest.probes.map(({ id }) => id)).toEqual(['sshd.permitrootlogin', 'system.release']);
    expect(await checkIn({ version: manifest.version })).toBeUndefined();
    expect(await checkIn({ version: 1, refused: { version: manifest.version, problem: 'no' } })).toBeUndefined();
    expect(await checkIn()).toBeUndefined();
  });

  it('has a higher version for other content, and the same one for the same', async () => {
    const { context } = server;
    const read = async () =>
      (await database.db.selectFrom('manifest').selectAll().orderBy('version').execute()).map(({ version }) => Number(version));
    const before = await read();
    await keepPosture(context);
    expect(await read()).toEqual(before);
    server.clock.now = new Date(server.clock.now.getTime() - 100 * day);
    await publish(rootLoginCheck, release, kernel);
    const after = await read();
    expect(after.length).toBe(before.length + 1);
    expect(after.at(-1)).toBeGreaterThan(before.at(-1) ?? 0);
    server.clock.now = new Date(server.clock.now.getTime() + 100 * day);
  });

  it.each([
    ['no JSON', '{'],
    ['a check without a title', JSON.stringify({ checks: [{ ...rootLoginCheck, title: '' }] })],
    [
      'two probes of one name',
      JSON.stringify({
        checks: [
          rootLoginCheck,
          { ...kernel, reads: kernel.reads.map((read) => ({ ...read, probe: { ...read.probe, id: 'sshd.permitrootlogin' } })) },
        ],
      }),
    ],
  ])('stays as it is when the content is %s, and says so', async (_, text) => {
    const before = await database.db.selectFrom('manifest').selectAll().execute();
    writeFileSync(postureFile, text);
    await keepPosture(server.context);
    expect(await database.db.selectFrom('manifest').selectAll().execute()).toEqual(before);
    const state = await database.db.selectFrom('feedState').select('problem').where('feed', '=', 'posture').executeTakeFirst();
    expect(state?.problem).not.toBeNull();
  });
});
