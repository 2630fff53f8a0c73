import { agentPaths, type AssetSettings, type Profile } from '@vedette/protocol';
import { eventually, syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { checkIn } from '../testing/agent-fixture.ts';
import { TestAgent } from '../testing/test-agent.ts';
import { testActivationKey, testCaller, type TestServer, testServer } from '../testing/test-server.ts';
import { mergeProfiles } from './layers.ts';
import { tellOfProfiles } from './store.ts';

type Caller = Awaited<ReturnType<typeof testCaller>>;
let database: ThrowAwayDatabase;
let server: TestServer;
let caller: Caller;
let web: TestAgent;
let db: TestAgent;

beforeAll(async () => {
  database = await throwAwayDatabase();
  server = await testServer(database);
  await server.app.ready();
  caller = await testCaller(server);
  [web, db] = [await machine('web-1'), await machine('db-1')];
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const { profileId } of await profiles()) await call('DELETE', `/profiles/${profileId}`);
});

async function machine(hostname: string): Promise<TestAgent> {
  const agent = new TestAgent(server);
  await agent.enroll(await testActivationKey(server, caller.organizationId), {}, { hostname });
  const os = { id: 'debian', idLike: '', versionId: '12', codename: 'bookworm', prettyName: 'Debian 12', architecture: 'amd64' };
  await agent.post(agentPaths.sync, { documents: [syncDocument({ collector: 'os', sequence: 1, rows: [{ ...os, hostname }] })] });
  return agent;
}

async function call(method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object, by = caller) {
  const reply = await server.app.inject({ method, url: `/api/v1${path}`, headers: by.headers, ...(payload ? { payload } : {}) });
  return { status: reply.statusCode, json: reply.json<Record<string, unknown> & { detail?: string }>() };
}

async function profiles(by = caller): Promise<Profile[]> {
  return (await call('GET', '/profiles', undefined, by)).json['items'] as Profile[];
}

async function make(name: string, more: object = {}): Promise<Profile> {
  const { status, json } = await call('POST', '/profiles', { name, ...more });
  expect([status, json.detail]).toEqual([200, undefined]);
  return json as unknown as Profile;
}

const digestOf = (settings: Profile['settings']): string =>
  mergeProfiles([{ profileId: '' as Profile['profileId'], name: '', settings, upgrades: {} }]).digest; // only its settings count

/** What an agent with this digest is told; the fixture's check-in has no report, as of agents before there were profiles. */
async function told(agent: TestAgent, report?: object) {
  const settings = report && { host: {}, refused: {}, ...report };
  return (await agent.post(agentPaths.checkIn, { ...checkIn, ...(settings ? { settings } : {}) })).json;
}

async function effective(agent: TestAgent): Promise<AssetSettings> {
  return (await call('GET', `/assets/${agent.assetId}/settings`)).json as unknown as AssetSettings;
}

describe('profiles', () => {
  it('are listed, the strongest first, with the assets they are for', async () => {
    await make('Default', { settings: { cpuPercent: 4 } });
    await make('Databases', { query: 'hostname:db*', priority: 50, settings: { cpuPercent: 2 } });
    await make('Debian', { query: 'os:debian', priority: 10 });
    expect((await profiles()).map(({ name, assets }) => [name, assets])).toEqual([
      ['Databases', 1],
      ['Debian', 2],
      ['Default', 2],
    ]);
  });

  it.each([
    [{ settings: { cpuPercent: 50 } }, 400, 'cpuPercent takes from 1 to 10 % of one CPU'],
    [{ settings: { memoryMegabytes: 100.5 } }, 400, 'memoryMegabytes takes whole numbers from 96 to 256 MB'],
    [{ settings: { checkInSeconds: '60' } }, 400, 'checkInSeconds takes whole numbers'],
    [{ settings: { blackout: ['at night'] } }, 400, 'mon-fri 08:00-18:00'],
    [{ settings: { cpu: 1 } }, 400, 'cpu'],
    [{ upgrades: { region: 'apac' } }, 400, 'region'],
    [{ upgrades: { windows: [{ days: [7], from: '02:00', minutes: 60 }] } }, 400, 'days'],
    [{ priority: 0 }, 400, 'priority'],
    [{ query: 'hostnam:x' }, 400, 'did you mean hostname'],
    [{ query: 'detection:(kev:true)' }, 400, 'only what it is'],
    [{ query: '  ' }, 400, 'it is empty'],
    [{ query: 'hostname:a', name: 'There' }, 409, 'a profile "There" already'],
    [{ query: null }, 409, '"There" is the default already'],
  ])('%j is refused with %i, and the reason', async (body, status, reason) => {
    await make('There');
    const reply = await call('POST', '/profiles', { name: 'x', ...body });
    expect([reply.status, reply.json.detail]).toEqual([status, expect.stringContaining(reason)]);
  });

  it('are changed, ordered and removed, each written to the audit log with what was before', async () => {
    const one = await make('One', { query: 'hostname:web*', priority: 5 });
    const two = await make('Two', { query: 'hostname:web*', priority: 9 });
    const changed = await call('POST', `/profiles/${one.profileId}`, {
      name: 'First',
      query: 'hostname:web*',
      settings: { cpuPercent: 2 },
    });
    expect(changed.json).toMatchObject({ name: 'First', priority: 100, settings: { cpuPercent: 2 }, assets: 1 });
    const names = async (profileIds: string[]) =>
      ((await call('POST', '/profiles/order', { profileIds })).json['items'] as Profile[] | undefined)?.map((each) => each.name);
    expect(await names([two.profileId, one.profileId])).toEqual(['Two', 'First']);
    expect(await names([one.profileId, two.profileId])).toEqual(['First', 'Two']);
    expect((await call('POST', '/profiles/order', { profileIds: [one.profileId] })).status).toBe(409);
    expect((await call('POST', '/profiles/order', { profileIds: [one.profileId, one.profileId] })).status).toBe(409);
    const events = (await call('GET', '/audit?limit=20')).json['items'] as { action: string; detail: object }[];
    expect(events.find(({ action }) => action === 'changeProfile')?.detail).toMatchObject({
      before: { name: 'One', priority: 5 },
    });
    expect((await call('DELETE', `/profiles/${one.profileId}`)).status).toBe(200);
    expect((await call('DELETE', `/profiles/${one.profileId}`)).status).toBe(404);
  });

  it('belong to their organization, and to those who may', async () => {
    const { profileId } = await make('Ours');
    const stranger = await testCaller(server);
    expect(await profiles(stranger)).toEqual([]);
    expect((await call('POST', `/profiles/${profileId}`, { name: 'x' }, stranger)).status).toBe(404);
    expect((await call('GET', `/assets/${web.assetId}/settings`, undefined, stranger)).status).toBe(404);
    const reader = await testCaller(server, { organizationId: caller.organizationId, role: 'reader' });
    expect((await call('POST', '/profiles', { name: 'x' }, reader)).status).toBe(403);
    expect((await profiles(reader)).length).toBe(1);
  });

  it('keep a tag that they ask for from being deleted', async () => {
    await call('POST', '/tags/kept-by-profile', {});
    await make('Tagged', { query: 'tag:kept-by-profile' });
    expect((await call('DELETE', '/tags/kept-by-profile')).json.detail).toContain('the profile Tagged');
  });
});

describe('an agent', () => {
  it('is given its settings once, signed, and not again while it has them', async () => {
    await make('Default', { settings: { cpuPercent: 4, checkInSeconds: 30 } });
    await make('Databases', { query: 'hostname:db*', settings: { cpuPercent: 2 } });
    const settings = { cpuPercent: 2, checkInSeconds: 30 };
    const schedule = { checkInSeconds: 30, fullScanSeconds: 14_400 };
    expect(await told(db, {})).toMatchObject({ settings, settingsDigest: digestOf(settings), schedule });
    const quiet = await told(db, { digest: digestOf(settings) });
    expect(quiet).toMatchObject({ schedule });
    expect(quiet).not.toHaveProperty('settings');
    expect(quiet).not.toHaveProperty('settingsDigest');
    expect(await told(web, { digest: digestOf(settings) })).toMatchObject({ settings: { cpuPercent: 4, checkInSeconds: 30 } });
  });

  it('that knows no digests is given them with every reply', async () => {
    await make('Default', { settings: { cpuPercent: 4 } });
    for (const reply of [await told(web), await told(web)]) {
      expect(reply).toMatchObject({ settings: { cpuPercent: 4 } });
      expect(reply).not.toHaveProperty('settingsDigest');
    }
  });

  it('goes back to its defaults when the profile is gone', async () => {
    const { profileId } = await make('Default', { settings: { cpuPercent: 4 } });
    await told(web, {});
    await call('DELETE', `/profiles/${profileId}`);
    expect(await toldAfterChange(web, digestOf({ cpuPercent: 4 }))).toMatchObject({ settings: {}, settingsDigest: digestOf({}) });
  });

  /** Other processes, and this one, hear of a change by NOTIFY, a moment after its answer. */
  async function toldAfterChange(agent: TestAgent, digest: string) {
    return eventually('other settings', 5000, async () => {
      const reply = await told(agent, { digest });
      return reply['settingsDigest'] ? reply : null;
    });
  }

  it('follows a tag that is put on it', async () => {
    await make('Quiet', { query: 'tag:quiet', settings: { suspended: true } });
    expect(await told(web, {})).toMatchObject({ settings: {} });
    await call('POST', `/assets/${web.assetId}/tags`, { add: ['quiet'] });
    expect(await toldAfterChange(web, digestOf({}))).toMatchObject({ settings: { suspended: true } });
    await call('POST', `/assets/${web.assetId}/tags`, { remove: ['quiet'] });
  });

  it('that waits for orders is told within seconds that a check-in would bring news, and others are left alone', async () => {
    await Promise.all([told(web, { digest: digestOf({}) }), told(db, { digest: digestOf({}) })]);
    const other = db.post(agentPaths.orders, { waitSeconds: 2, answers: [] });
    const held = web.post(agentPaths.orders, { waitSeconds: 50, answers: [] });
    await make('Web', { query: 'hostname:web*', settings: { cpuPercent: 3 } });
    expect(await held).toMatchObject({ authentic: true, json: { orders: [], checkIn: true } });
    expect((await other).json).toEqual({ orders: [] });
  });

  it('that did not wait when something changed is told when it waits again, once', async () => {
    await told(web, { digest: digestOf({}) });
    await make('Web', { query: 'hostname:web*', settings: { cpuPercent: 3 } });
    const wait = async () => (await web.post(agentPaths.orders, { waitSeconds: 2, answers: [] })).json;
    expect(await eventually('the news', 10_000, async () => ((await wait())['checkIn'] ? true : null))).toBe(true);
    expect(await wait()).toEqual({ orders: [] });
    await told(web, { digest: digestOf({}) });
    expect(await wait()).toEqual({ orders: [] });
  });

  it('keeps what it has while nobody can say which profiles are for it', async () => {
    await make('Default', { settings: { cpuPercent: 4 } });
    await told(web, {});
    const { organizationId } = caller;
    // What an older version of the platform could have saved.
    await database.db
      .updateTable('configurationProfile')
      .set({ query: 'nofield:x' })
      .where('organizationId', '=', organizationId)
      .execute();
    await tellOfProfiles(database.db, organizationId);
    const reply = await told(web, { digest: digestOf({ cpuPercent: 4 }) });
    expect(reply['resend']).toEqual([]);
    expect(reply).not.toHaveProperty('settingsDigest');
    expect(await told(web, {})).toMatchObject({ settings: { cpuPercent: 4 } });
    await database.db.deleteFrom('configurationProfile').where('organizationId', '=', organizationId).execute();
    await tellOfProfiles(database.db, organizationId);
    expect(await toldAfterChange(web, digestOf({ cpuPercent: 4 }))).toMatchObject({ settings: {} });
  });
});

describe('what is in force on an asset', () => {
  it('names the source of each value, and whether the agent has taken it', async () => {
    await make('Default', { settings: { cpuPercent: 4, suspended: true }, upgrades: { preventUpgrade: true } });
    const { profileId } = await make('Databases', { query: 'hostname:db*', settings: { cpuPercent: 3 } });
    await call('POST', '/releases/rules', { rules: [{ windows: [{ days: [6], from: '02:00', minutes: 60 }] }] });
    await told(db);
    expect(await effective(db)).toMatchObject({ state: 'unreported', profiles: [{ name: 'Databases' }, { name: 'Default' }] });
    await told(db, {});
    expect((await effective(db)).state).toBe('pending');
    await told(db, {
      digest: digestOf({ cpuPercent: 3, suspended: true }),
      host: { cpuPercent: 1 },
      refused: { suspended: 'why' },
    });
    const { state, settings, upgrades } = await effective(db);
    expect(state).toBe('applied');
    expect(settings.slice(0, 1)).toMatchObject([
      { name: 'cpuPercent', value: 1, origin: { kind: 'host' }, overridden: [{ value: 3, origin: { profileId } }, { value: 4 }] },
    ]);
    expect(settings).toContainEqual(expect.objectContaining({ name: 'suspended', value: true, refused: 'why' }));
    expect(upgrades).toMatchObject([
      { name: 'preventUpgrade', value: true, origin: { kind: 'profile', name: 'Default' } },
      { name: 'windows', value: [{ from: '02:00' }], origin: { kind: 'rule', name: '1' } },
      { name: 'region', value: null, origin: { kind: 'default' } },
    ]);
    await call('POST', '/releases/rules', { rules: [] });
  });

  it('forgets what an agent reported once its version does not say any more', async () => {
    await told(db, { digest: digestOf({}) });
    expect((await effective(db)).state).toBe('applied');
    await told(db);
    expect((await effective(db)).state).toBe('unreported');
  });
});

describe('a preview', () => {
  const preview = async (body: object) => (await call('POST', '/profiles/preview', body)).json;

  it('says what would change on how many assets, and changes nothing', async () => {
    await make('Default', { settings: { cpuPercent: 4 } });
    const profile = { name: 'Web', query: 'hostname:web*', settings: { cpuPercent: 2 }, upgrades: { preventUpgrade: true } };
    expect(await preview({ profile })).toEqual({
      assets: 1,
      changed: 1,
      changes: [
        { name: 'cpuPercent', from: 4, to: 2, assets: 1 },
        { name: 'preventUpgrade', from: false, to: true, assets: 1 },
      ],
      examples: [{ assetId: web.assetId, hostname: 'web-1' }],
    });
    expect((await profiles()).length).toBe(1);
  });

  it.each([
    ['a profile that others stand above changes nothing', { query: 'os:debian', priority: 1, settings: { cpuPercent: 2 } }, 2, 0],
    ['one with other assets', { query: 'hostname:web*', settings: { cpuPercent: 2 } }, 1, 1],
    ['one that says what holds anyway', { query: 'os:debian', priority: 900, settings: { cpuPercent: 3 } }, 2, 0],
  ])('%s', async (_, body, assets, changed) => {
    const query = changed ? 'hostname:db*' : 'os:debian';
    await make('Above', { query, settings: { cpuPercent: 3 }, priority: 50 });
    expect(await preview({ profile: { name: 'Web', ...body } })).toMatchObject({ assets, changed });
  });

  it('of a removal and of a change compares with what is there', async () => {
    const { profileId } = await make('Default', { settings: { cpuPercent: 4 } });
    expect(await preview({ profileId })).toMatchObject({
      assets: 2,
      changed: 2,
      changes: [{ name: 'cpuPercent', from: 4, to: 5, assets: 2 }],
    });
    expect(
      await preview({ profileId, profile: { name: 'Default', query: 'hostname:db*', settings: { cpuPercent: 4 } } }),
    ).toMatchObject({
      assets: 1,
      changed: 1,
      examples: [{ hostname: 'web-1' }],
    });
    expect(await preview({ profileId: web.assetId })).toMatchObject({ status: 404 });
  });
});
