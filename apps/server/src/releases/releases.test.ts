import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentPaths, type DesiredRelease, endpoints, type Rollout, type UpgradeReport } from '@vedette/protocol';
import { targetFile, TrustedMetadata } from '@vedette/release';
import { syncDocument, TestReleases, throwAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  agent,
  checkIn,
  database,
  enrolledAgent,
  installAgentFixture,
  organizationId,
  server,
} from '../testing/agent-fixture.ts';
import { platformDocuments } from '../testing/platform-documents.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, testServer } from '../testing/test-server.ts';
import { RolloutKeeper } from './rollout-keeper.ts';
import { ReleaseKeeper } from './release-keeper.ts';

installAgentFixture({ throwAwayDatabase, syncDocument });

const start = new Date('2026-11-22T12:00:00Z');
const bundle = (version: string): Buffer => Buffer.from(`// agent ${version}\n`.repeat(200));
let releases: TestReleases;
let headers: { authorization: string };

/** A repository whose online keys are the platform's, as `vedette release init` makes it. */
beforeAll(async () => {
  releases = await TestReleases.create(start);
  ({ headers } = await testCaller(server, { organizationId }));
  for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
    await releases.releaseProgram(bundle(version), { product: 'agent', version, runtime: '26.10.0-1' }, start);
  }
  await releases.releaseContent('rules', '7', Buffer.from('rules'), start);
  await releases.releaseOrigins(
    {
      format: 'vedette-origins-1',
      defaultRegion: 'emea',
      regions: [
        { name: 'americas', title: 'Americas', origins: ['https://cdn-us.vedette.example/'] },
        { name: 'emea', title: 'Europe', origins: ['https://cdn-eu.vedette.example/', 'https://cdn-eu2.vedette.example/v/'] },
      ],
    },
    start,
  );
});
afterAll(() => releases[Symbol.asyncDispose]());
beforeEach(() => {
  server.clock.now = start;
});

async function call<Reply>(
  method: 'GET' | 'POST',
  path: string,
  payload?: object,
  as = headers,
): Promise<{ status: number; json: Reply }> {
  const reply = await server.app.inject({ method, url: `/api/v1${path}`, headers: as, ...(payload ? { payload } : {}) });
  return { status: reply.statusCode, json: reply.json<Reply>() };
}

async function documents(): Promise<Record<string, unknown>> {
  const { json } = await call<{ onlineKeys: Parameters<typeof platformDocuments>[1] }>('GET', '/releases/repository');
  return platformDocuments(releases, json.onlineKeys, start);
}

async function upload(name: string, sha256: string, change = (bytes: Buffer) => bytes) {
  const bytes = await readFile(targetFile(releases.directory, name, { hashes: { sha256, sha512: '' } }));
  const url = `/api/v1/releases/files/${sha256}`;
  return server.app.inject({
    method: 'PUT',
    url,
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    payload: change(bytes),
  });
}

describe('publishing', () => {
  let signed: Record<string, unknown>;
  type Reply = { published: boolean; missing: { name: string; sha256: string }[]; code?: string; detail?: string };

  it('is refused below a threshold, and to readers', async () => {
    signed = await documents();
    const code = signed['code'] as { signatures: unknown[] };
    const unsigned = { ...signed, code: { ...code, signatures: [] } };
    expect(await call<Reply>('POST', '/releases/publications', { documents: unsigned })).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining('THRESHOLD: code has 0 of 1 signatures') as string },
    });
    const reader = await testCaller(server, { organizationId, role: 'reader' });
    expect((await call('POST', '/releases/publications', { documents: signed }, reader.headers)).status).toBe(403);
  });

  it('asks for the files first, and takes none with other bytes', async () => {
    const { json } = await call<Reply>('POST', '/releases/publications', { documents: signed });
    expect(json.published).toBe(false);
    expect(json.missing).toHaveLength(5);
    const [first] = json.missing;
    if (!first) throw new Error('nothing is missing');
    expect((await upload(first.name, first.sha256, (bytes) => Buffer.concat([bytes, Buffer.from('x')]))).statusCode).toBe(400);
    for (const { name, sha256 } of json.missing) expect((await upload(name, sha256)).statusCode).toBe(204);
    expect((await call<Reply>('POST', '/releases/publications', { documents: signed, dryRun: true })).json).toMatchObject({
      published: false,
      missing: [],
    });
    expect((await call<Reply>('POST', '/releases/publications', { documents: signed })).json.published).toBe(true);
  });

  it('of the same versions again is refused', async () => {
    expect((await call<Reply>('POST', '/releases/publications', { documents: signed })).status).toBe(409);
  });

  it('shows what there is, and until when', async () => {
    const { json } = await call<{ roles: { role: string; level: string }[]; programs: { version: string }[] }>(
      'GET',
      '/releases/repository',
    );
    expect(json.programs.map(({ version }) => version).toSorted()).toEqual(['1.0.0', '1.1.0', '1.2.0']);
    expect(json.roles.map(({ role }) => role).toSorted()).toEqual([
      'code',
      'content',
      'root',
      'snapshot',
      'targets',
      'timestamp',
    ]);
    expect(json.roles.every(({ level }) => level === 'ok')).toBe(true);
  });
});

describe('files for agents and edges', () => {
  const get = (url: string, more: Record<string, string> = {}) => server.app.inject({ url, headers: more });
  const target = async (): Promise<string> => {
    const { json } = await call<{ programs: unknown[] }>('GET', '/releases/repository');
    expect(json.programs).not.toEqual([]);
    const code = JSON.parse((await get('/tuf/1.code.json')).body) as {
      signed: { targets: Record<string, { hashes: { sha256: string } }> };
    };
    return code.signed.targets['code/agent-linux-x64/1.0.0.zst']?.hashes.sha256 ?? '';
  };

  it('let a client that trusts the first root come to the newest release', async () => {
    const client = join(releases.directory, 'client');
    await mkdir(client);
    await writeFile(join(client, 'root.json'), (await get('/tuf/1.root.json')).rawPayload);
    await using trusted = await TrustedMetadata.open(client, async (path) => {
      const reply = await get(`/tuf/${path}`);
      return reply.statusCode === 404 ? null : reply.rawPayload;
    });
    expect(await trusted.find('code/agent-linux-x64/1.2.0.zst')).toMatchObject({ custom: { version: '1.2.0' } });
  });

  it('are cached for ever but for the timestamp', async () => {
    expect((await get('/tuf/1.root.json')).headers['cache-control']).toContain('immutable');
    expect((await get('/tuf/timestamp.json')).headers['cache-control']).toBe('public, max-age=30, must-revalidate');
    const hash = await target();
    const whole = await get(`/targets/code/agent-linux-x64/${hash}.1.0.0.zst`);
    expect(whole.headers).toMatchObject({
      etag: `"${hash}"`,
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
    });
    const again = await get(`/targets/code/agent-linux-x64/${hash}.1.0.0.zst`, { 'if-none-match': `"${hash}"` });
    expect(again.statusCode).toBe(304);
  });

  it('can be resumed at any byte', async () => {
    const url = `/targets/code/agent-linux-x64/${await target()}.1.0.0.zst`;
    const whole = (await get(url)).rawPayload;
    const rest = await get(url, { range: 'bytes=10-' });
    expect([rest.statusCode, rest.headers['content-range']]).toEqual([206, `bytes 10-${whole.length - 1}/${whole.length}`]);
    expect(Buffer.concat([whole.subarray(0, 10), rest.rawPayload]).equals(whole)).toBe(true);
    expect((await get(url, { range: `bytes=${whole.length}-` })).statusCode).toBe(416);
  });

  it.each([
    '/targets/%2e%2e/staged/root.json',
    '/tuf/..%2f..%2fpasswd',
    '/tuf/timestamp.json.new',
    '/tuf/staged',
    '/targets/',
    '/uploads/',
  ])('%s is nothing', async (url) => expect((await get(url)).statusCode).toBeGreaterThanOrEqual(400));
});

const report = (more: Partial<UpgradeReport> = {}): UpgradeReport => ({
  platform: 'linux-x64',
  agent: '1.0.0',
  runtime: '26.10.0-1',
  content: {},
  state: 'idle',
  since: start.toISOString(),
  refused: [],
  ...more,
});

async function say(upgrade: UpgradeReport | object | undefined, who = agent): Promise<DesiredRelease | undefined> {
  const reply = await who.post(agentPaths.checkIn, {
    ...checkIn,
    sentAt: server.clock.now.toISOString(),
    ...(upgrade ? { upgrade } : {}),
  });
  expect(reply).toMatchObject({ status: 200, authentic: true });
  return reply.json['release'] as DesiredRelease | undefined;
}

interface Happened {
  readonly total: number;
  readonly items: readonly { readonly kind: string }[];
}
const everybody = [{ name: 'all', tags: [], percent: 100 }];
async function roll(version: string, more: object = {}): Promise<Rollout> {
  const { status, json } = await call<Rollout>('POST', '/rollouts', { version, rings: everybody, ...more });
  expect(status).toBe(200);
  return json;
}
const change = (rollout: Rollout, action: string) => call<Rollout>('POST', `/rollouts/${rollout.rolloutId}/changes`, { action });
const look = async (rollout: Rollout) => (await call<Rollout>('GET', `/rollouts/${rollout.rolloutId}`)).json;

describe('a roll-out', () => {
  it('of a version that nobody signed is refused', async () => {
    expect((await call('POST', '/rollouts', { version: '9.9.9' })).status).toBe(404);
  });

  it('says nothing to agents that cannot upgrade themselves', async () => {
    await roll('1.1.0');
    expect(await say(undefined)).toBeUndefined();
    expect(await say(report())).toMatchObject({ agent: '1.1.0' });
  });

  it('takes a check-in whose upgrade report it does not understand', async () => {
    expect(await say({ state: 'from the future' })).toBeUndefined();
  });

  it('goes ring by ring, is followed per agent, and is complete after the last', async () => {
    const tagged = await enrolledAgent();
    await call('POST', `/assets/${tagged.assetId}/release`, { tags: ['canary'] });
    const rollout = await roll('1.2.0', { rings: [{ name: 'canary', tags: ['canary'], percent: 0 }, ...everybody] });
    expect(await say(report(), tagged)).toMatchObject({ agent: '1.2.0' });
    expect(await say(report())).toMatchObject({ held: 'ring' });
    await say(report({ state: 'downloading', target: '1.2.0', bytes: { received: 5, expected: 10 } }), tagged);
    expect((await look(rollout)).progress).toMatchObject({ targeted: 1, upgrading: 1, done: 0 });
    // Each number is a list.
    const so = async (progress: string) => {
      const path = `/releases/agents?rollout=${rollout.rolloutId}${progress}`;
      return (await call<{ items: { assetId: string }[] }>('GET', path)).json.items.map(({ assetId }) => assetId);
    };
    expect([await so(''), await so('&progress=upgrading'), await so('&progress=done')]).toEqual([
      [tagged.assetId],
      [tagged.assetId],
      [],
    ]);
    expect((await call('GET', `/releases/agents?rollout=${randomUUID()}`)).status).toBe(404);
    await say(report({ agent: '1.2.0', state: 'committed', target: '1.2.0' }), tagged);
    expect((await look(rollout)).progress).toMatchObject({ targeted: 1, done: 1 });
    expect((await change(rollout, 'promote')).json).toMatchObject({ state: 'running', ring: 1 });
    expect(await say(report())).toMatchObject({ agent: '1.2.0' });
    expect((await change(rollout, 'promote')).json).toMatchObject({ state: 'complete' });
    expect(await say(report())).toMatchObject({ agent: '1.2.0' });
    expect((await change(rollout, 'promote')).status).toBe(409);
  });

  it('reaches by a ring the assets that fit the query of its tag', async () => {
    const fitting = await enrolledAgent();
    await call('POST', '/tags/by-query', { query: `assetId:${fitting.assetId}` });
    const rollout = await roll('1.2.0', { rings: [{ name: 'first', tags: ['by-query'], percent: 0 }, ...everybody] });
    expect(await say(report(), fitting)).toMatchObject({ agent: '1.2.0' });
    expect(await say(report({ agent: '1.1.0' }))).toMatchObject({ held: 'ring' });
    await call('POST', '/tags/by-query', { query: `assetId:${agent.assetId}` });
    expect(await say(report({ agent: '1.1.0' }))).toMatchObject({ agent: '1.2.0' });
    await change(rollout, 'promote');
    await change(rollout, 'promote');
  });

  it('pauses, resumes and is rolled back to what the fleet had', async () => {
    const rollout = await roll('1.1.0');
    expect(rollout.previous).toBe('1.2.0');
    await change(rollout, 'pause');
    expect(await say(report())).toEqual({ agent: '1.2.0', held: 'paused' });
    expect(await say(report({ agent: '1.1.0' }))).toEqual({ agent: '1.1.0' });
    await change(rollout, 'resume');
    expect(await say(report())).toEqual({ agent: '1.1.0' });
    await change(rollout, 'roll-back');
    expect(await say(report({ agent: '1.1.0' }))).toEqual({ agent: '1.2.0' });
  });

  it('shows failures first, with their reason', async () => {
    await say(report({ state: 'rolled-back', target: '1.1.0', reason: 'crash', detail: 'exit 139 three times' }));
    const { json } = await call<{ items: object[] }>('GET', '/releases/agents');
    expect(json.items[0]).toMatchObject({
      assetId: agent.assetId,
      state: 'rolled-back',
      reason: 'crash',
      detail: 'exit 139 three times',
    });
    const events = await database.db.selectFrom('releaseEvent').selectAll().where('assetId', '=', agent.assetId).execute();
    expect(events).toMatchObject([{ kind: 'upgrade-rolled-back', version: '1.1.0', detail: { reason: 'crash' } }]);
  });

  it('tells what happened, newest first, by asset and by kind', async () => {
    const tell = async (query: string) => (await call<Happened>('GET', `/releases/events${query}`)).json;
    await say(report({ state: 'rolled-back', target: '1.1.0', reason: 'crash', detail: 'exit 139 three times' }));
    const { items } = await tell(`?asset=${agent.assetId}`);
    const said = { kind: 'upgrade-rolled-back', version: '1.1.0', reason: 'crash', detail: 'exit 139 three times' };
    expect(items).toEqual([expect.objectContaining({ ...said, assetId: agent.assetId, hostname: expect.any(String) })]);
    const all = await tell('');
    expect([all.items[0]?.kind, all.total]).toEqual(['upgrade-rolled-back', all.items.length]);
    expect((await tell('?kind=rollout-pause&version=1.1.0')).items).toMatchObject([{ assetId: null, hostname: null }]);
  });

  it('of content counts who has it and who could not take it', async () => {
    const rollout = await roll('7', { subject: 'rules' });
    expect(await say(report())).toMatchObject({ content: { rules: '7' } });
    expect((await look(rollout)).progress).toMatchObject({ done: 0, failed: 0 });
    await say(report({ contentProblems: { rules: { version: '7', reason: 'preflight', detail: 'not understood' } } }));
    expect((await look(rollout)).progress).toMatchObject({ done: 0, failed: 1 });
    await say(report({ content: { rules: '7' } }));
    expect((await look(rollout)).progress).toMatchObject({ done: 1, failed: 0 });
    await change(rollout, 'roll-back');
  });

  it('of another organization is not there', async () => {
    const rollout = await roll('1.1.0');
    const { headers: other } = await testCaller(server);
    expect((await call('GET', `/rollouts/${rollout.rolloutId}`, undefined, other)).status).toBe(404);
    expect((await call('POST', `/rollouts/${rollout.rolloutId}/changes`, { action: 'pause' }, other)).status).toBe(404);
    expect((await call<{ total: number }>('GET', '/releases/agents', undefined, other)).json.total).toBe(0);
    expect((await call<{ total: number }>('GET', '/releases/events', undefined, other)).json.total).toBe(0);
    expect((await call('POST', `/assets/${agent.assetId}/release`, { pin: '1.0.0' }, other)).status).toBe(404);
  });

  it('leaves a pinned asset alone', async () => {
    await roll('1.2.0');
    await call('POST', `/assets/${agent.assetId}/release`, { pin: '1.0.0' });
    expect(await say(report({ agent: '1.2.0' }))).toEqual({ agent: '1.0.0', held: 'pinned' });
    await call('POST', `/assets/${agent.assetId}/release`, { pin: null });
    expect(await say(report())).toEqual({ agent: '1.2.0' });
  });

  it('waits for the window, and is prevented by rules', async () => {
    await roll('1.2.0');
    const rules = [{ tags: [], windows: [{ days: [1], from: '02:00', minutes: 60 }], region: 'americas' }];
    await call('POST', '/releases/rules', { rules });
    expect(await say(report())).toEqual({
      agent: '1.2.0',
      region: 'americas',
      window: { from: '2026-11-23T02:00:00.000Z', until: '2026-11-23T03:00:00.000Z' },
    });
    await call('POST', '/releases/rules', { rules: [{ preventUpgrade: true }] });
    expect(await say(report())).toEqual({ held: 'prevented' });
    await call('POST', '/releases/rules', { rules: [] });
  });
});

describe('the health gate', () => {
  const keeper = { published: null } as unknown as ReleaseKeeper; // metadata is not its subject here
  const judge = () => new RolloutKeeper({ context: server.context, keeper, desk: null }).look();

  it('lets a healthy roll-out run, and promotes it when it may', async () => {
    const rings = [{ name: 'canary', tags: [], percent: 100 }, ...everybody];
    const { agent: own, headers: as } = await ownFleet();
    const begin = { version: '1.1.0', rings, gate: { promoteAfterHours: 2 } };
    const rollout = (await call<Rollout>('POST', '/rollouts', begin, as)).json;
    const lookAgain = async () => (await call<Rollout>('GET', `/rollouts/${rollout.rolloutId}`, undefined, as)).json;
    await say(report(), own);
    await say(report({ agent: '1.1.0', state: 'committed', target: '1.1.0' }), own);
    await judge();
    expect(await lookAgain()).toMatchObject({ state: 'running', ring: 0 });
    server.clock.now = new Date(start.getTime() + 3 * 3600_000);
    await say(report({ agent: '1.1.0', state: 'committed', target: '1.1.0' }), own);
    await judge();
    expect(await lookAgain()).toMatchObject({ state: 'running', ring: 1 });
  });

  it.each([
    ['roll back', { state: 'rolled-back', reason: 'crash' }, '1 of 1 agents failed or rolled back'],
    ['fail', { state: 'failed', reason: 'preflight' }, '1 of 1 agents failed or rolled back'],
    ['are over their budget', { agent: '1.2.0', state: 'committed', reason: 'budget' }, 'above their budget'],
  ] as const)('pauses it when agents %s', async (_what, said, reason) => {
    const { agent: own, headers: as } = await ownFleet();
    const rollout = (await call<Rollout>('POST', '/rollouts', { version: '1.2.0', rings: everybody }, as)).json;
    await say(report(), own);
    await say(report({ target: '1.2.0', ...said }), own);
    await judge();
    const after = (await call<Rollout>('GET', `/rollouts/${rollout.rolloutId}`, undefined, as)).json;
    expect(after).toMatchObject({ state: 'paused', reason: expect.stringContaining(reason) as string });
  });

  it('rolls it back when agents that were told are never heard of again', async () => {
    const { agent: own, headers: as } = await ownFleet();
    const gate = { lostAfterSeconds: 600, onBreach: 'roll-back' };
    const rollout = (await call<Rollout>('POST', '/rollouts', { version: '1.2.0', rings: everybody, gate }, as)).json;
    await say(report(), own);
    server.clock.now = new Date(start.getTime() + 11 * 60_000);
    await judge();
    const after = (await call<Rollout>('GET', `/rollouts/${rollout.rolloutId}`, undefined, as)).json;
    expect(after).toMatchObject({ state: 'rolled-back', reason: '1 of 1 agents have not checked in since' });
  });

  /** An organization with a single agent, so that shares are its own. */
  async function ownFleet() {
    const caller = await testCaller(server);
    const one = new TestAgent(server);
    await one.enroll(await testActivationKey(server, caller.organizationId));
    return { agent: one, headers: caller.headers };
  }
});

describe('older agents', () => {
  const get = (url: string) => server.app.inject({ url });
  it('are offered what was rolled out to all, and get it unpacked', async () => {
    const rollout = await roll('1.1.0');
    const offered = await get('/agent/v1/release/linux-x64');
    expect(offered.json()).toMatchObject({ version: '1.2.0', length: bundle('1.2.0').length });
    const bytes = await get(offered.json<{ url: string }>().url);
    expect(bytes.rawPayload.equals(bundle('1.2.0'))).toBe(true);
    await change(rollout, 'pause');
  });
  it.each(['/agent/v1/release/linux-x64/1.1.0', '/agent/v1/release/linux-arm64', '/agent/v1/release/..%2f..'])(
    '%s is not offered',
    async (url) => {
      expect((await get(url)).statusCode).toBe(404);
    },
  );
});

describe('platform identification', () => {
  it('lists what to allow, per region, with commands that check it', async () => {
    const reply = await server.app.inject({ url: '/.well-known/vedette' });
    expect(reply.json()).toMatchObject({ platform: 'http://localhost/', defaultRegion: 'emea' });
    expect(reply.json<{ checks: object[] }>().checks).toContainEqual({
      region: 'emea',
      url: 'https://cdn-eu2.vedette.example/v/',
      linux: 'curl -v https://cdn-eu2.vedette.example/stub_status',
      windows: 'iwr -UseBasicParsing https://cdn-eu2.vedette.example/stub_status',
    });
    const { path } = endpoints.getPlatformIdentification;
    expect((await server.app.inject({ url: `/api/v1${path}` })).json()).toEqual(reply.json());
  });
});

describe('expiry', () => {
  const daysBefore = async (role: string, days: number): Promise<Date> => {
    const { json } = await call<{ roles: { role: string; expiresAt: string }[] }>('GET', '/releases/repository');
    return new Date(new Date(json.roles.find((one) => one.role === role)?.expiresAt ?? 0).getTime() - days * 86_400_000);
  };
  it.each([
    [31, 'ok'],
    [30, 'notice'],
    [14, 'warning'],
    [7, 'critical'],
    [0, 'expired'],
  ])('%i days ahead code is %s, for people and agents', async (days, level) => {
    server.clock.now = await daysBefore('code', days);
    const { json } = await call<{ roles: { role: string; level: string }[] }>('GET', '/releases/repository');
    expect(json.roles.find(({ role }) => role === 'code')?.level).toBe(level);
    const told = (await say(report()))?.expiring?.map(({ role }) => role) ?? [];
    expect(told.includes('code')).toBe(level !== 'ok');
  });

  it("of the platform's own roles does not come near: they are signed anew in time", async () => {
    await using later = await testServer(database, { releasesDirectory: server.context.config.releasesDirectory });
    const before = await readFile(join(later.context.config.releasesDirectory, 'tuf/timestamp.json'), 'utf8');
    later.clock.now = new Date(start.getTime() + 13 * 86_400_000);
    await using one = new ReleaseKeeper({ ...later.context, clock: () => later.clock.now });
    await one.look();
    expect(one.problem).toBeNull();
    const after = await readFile(join(later.context.config.releasesDirectory, 'tuf/timestamp.json'), 'utf8');
    const signed = (text: string) =>
      (JSON.parse(text) as { signed: { version: number; expires: string; meta: Record<string, { version: number }> } }).signed;
    expect(signed(after).version).toBe(signed(before).version + 1);
    expect(signed(after).expires).toBe('2026-12-08T12:00:00Z');
    expect(signed(after).meta['snapshot.json']?.version).toBe((signed(before).meta['snapshot.json']?.version ?? 0) + 1);
  });
});
