import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { targetFile } from '@vedette/release';
import { eventually, TestReleases, throwAwayDatabase } from '@vedette/testkit';
import { hashPassword } from '../../apps/server/src/auth/password.ts';
import { ReportKeeper } from '../../apps/server/src/reports/report-keeper.ts';
import { platformDocuments } from '../../apps/server/src/testing/platform-documents.ts';
import { SoftwareKey } from '../../apps/server/src/testing/software-key.ts';
import { type TestServer, testServer } from '../../apps/server/src/testing/test-server.ts';
import { totpCode } from '../../apps/server/src/testing/totp-code.ts';
import { insertOrganization, insertUser } from '../../apps/server/src/users/store.ts';
import { enrollFleet } from './example-fleet.ts';
import { type Headers, Recorder } from './recorder.ts';

interface Story {
  readonly server: TestServer;
  readonly call: Recorder['call'];
  /** Of a manager. */
  readonly token: Headers;
}

const begin = new Date('2026-11-10T12:00:00Z');
const dayMs = 24 * 3_600_000;
const password = 'correct horse battery staple';
const organizationId = '0a7e64a5-1c5b-4b83-8a2e-0d3c5f6a7b8c';

/**
 * The last reply to every operation of the API, from a server with a small fleet, by the operation's name. `prepare` is given the server
 * before it is asked anything.
 */
export async function recordExamples(prepare?: (server: TestServer) => void): Promise<ReadonlyMap<string, unknown>> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'vedette-examples-'));
  try {
    await using source = await offerFeed();
    await using database = await throwAwayDatabase();
    const config = { dataDirectory, starterFile: '/nonexistent', offline: false, feedMirror: source.url };
    await using server = await testServer(database, config);
    server.clock.now = begin;
    prepare?.(server);
    const recorder = new Recorder(server);
    const call = recorder.call.bind(recorder);
    const story = { server, call, token: await firstToken(server, call) };
    const key = await call('createActivationKey', story.token, { body: { name: 'servers', expiresInDays: 365 } });
    const [web = '', db = ''] = await enrollFleet(server, key.text('secret'));
    await lookAround(story, web);
    await decide(story, web);
    await letIn(story);
    await tell(story);
    await setUp(story);
    await release(story, web);
    await learn(story, source.offer);
    await end(story, db);
    return recorder.replies;
  } finally {
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

async function firstToken({ context: { db } }: TestServer, call: Recorder['call']): Promise<Headers> {
  await insertOrganization(db, { id: organizationId, name: 'Example', createdAt: begin });
  const passwordHash = await hashPassword(password);
  for (const [place, login] of ['anna', 'ben', 'cleo'].entries()) {
    const id = `1b8f75b6-2d6c-4c94-9b3f-1e4d6a7b8c9${place}`;
    await insertUser(db, { id, organizationId, login, passwordHash, role: 'manager', createdAt: begin });
  }
  await call('getLoginMethods', {});
  const { session: person } = await logIn(call, 'anna');
  await call('getSession', person);
  const made = await call('createApiToken', person, { body: { name: 'reporting', expiresInDays: 90 } });
  return { authorization: `Bearer ${made.text('secret')}` };
}

function logIn(call: Recorder['call'], login: string): ReturnType<Recorder['call']> {
  return call('logIn', { 'sec-fetch-site': 'same-origin' }, { body: { login, password } });
}

/** What is only read. */
async function lookAround({ call, token }: Story, assetId: string): Promise<void> {
  const params = { assetId };
  const asOf = new Date(begin.getTime() + dayMs).toISOString();
  const [check, posture] = [280_001_000, 3_000_901];
  await call('listAssets', token, { query: { query: 'os:debian', limit: 1 } });
  await call('getAsset', token, { params });
  await call('getTimeline', token, { params });
  await call('listFacts', token, { params: { ...params, collector: 'dpkg' } });
  await call('getPosture', token, { params });
  await call('getAssetSettings', token, { params });
  await call('getAssetFixes', token, { params });
  const { json } = await call('scanAsset', token, { params });
  await call('getOrder', token, { params: { ...params, orderId: String(json['orderId']) } });
  await call('listDetections', token, { query: { query: 'severity:>=high', limit: 1 } });
  await call('countDetections', token, { query: { groupBy: 'severity' } });
  await call('whatIf', token, { body: { checks: [check] } });
  await call('compareMoments', token, { query: { from: asOf } });
  await call('explainDetection', token, { params: { ...params, check } });
  await call('replayVerdicts', token);
  await call('listSoftware', token, { query: { query: 'name:openssl' } });
  await call('listEvents', token, { query: { from: asOf, query: 'kind:detection', buckets: 4 } });
  await call('listFieldValues', token, { query: { about: 'asset', field: 'hostname', prefix: 'w' } });
  await call('listChecks', token, { query: { query: 'kev:true' } });
  await call('getCheck', token, { params: { number: posture } });
  await call('getDashboard', token);
  await call('getTrends', token);
  await call('getPulse', token);
  await call('getRisk', token);
  await call('getRiskChanges', token, { query: { since: asOf } });
  await call('listFixes', token);
  await call('getAbout', token);
}

/** What somebody says of what was found. */
async function decide({ call, token }: Story, assetId: string): Promise<void> {
  await call('saveQuery', token, { body: { name: 'exploited', about: 'detection', query: 'kev:true', onDashboard: true } });
  await call('listSavedQueries', token);
  const tag = { description: 'Serves customers', query: 'hostname:web*', criticality: 5, exposure: 'internet' };
  await call('saveTag', token, { params: { name: 'production' }, body: tag });
  await call('tagAsset', token, { params: { assetId }, body: { add: ['watched'] } });
  await call('listAssetTags', token, { params: { assetId } });
  await call('listTags', token);
  const deadlines = { critical: 7, high: 30, medium: 90, low: null, informational: null };
  await call('setDeadlines', token, { body: deadlines });
  await call('getDeadlines', token);
  const asked = { query: 'name:CVE-2026-1001', assets: 'hostname:web*' };
  await call('previewException', token, { body: asked });
  await acceptAlone({ call, token }, asked);
  await call('setExceptionRules', token, { body: { secondPerson: true, maxDays: 180 } });
  await call('getExceptionRules', token);
  const said = {
    ...asked,
    status: 'not_affected',
    justification: 'vulnerable_code_not_in_execute_path',
    reason: 'not reachable',
  };
  const exceptionId = (await call('requestException', token, { body: { ...said, expiresInDays: 90 } })).text('exceptionId');
  const { session: ben } = await logIn(call, 'ben');
  await call('decideException', ben, { params: { exceptionId }, body: { decision: 'approved' } });
  await call('getException', token, { params: { exceptionId } });
  await call('listExceptions', token);
  const { json: document } = await call('exportVex', token, { query: { assets: 'hostname:web*' } });
  await call('importVex', token, { body: { document, dryRun: true } });
  await call('endException', token, { params: { exceptionId } });
}

/** What holds at once, since nobody else has to approve it. */
async function acceptAlone({ call, token }: Pick<Story, 'call' | 'token'>, asked: object): Promise<void> {
  const said = { ...asked, status: 'affected', reason: 'accepted' };
  const { exceptionId } = (await call('requestException', token, { body: said })).json;
  await call('endException', token, { params: { exceptionId: String(exceptionId) } });
  const statement = {
    vulnerability: { name: 'CVE-2026-1001' },
    products: [{ '@id': 'pkg:deb/debian/curl@3.0.11-1?distro=bookworm' }],
    status: 'not_affected',
    justification: 'vulnerable_code_not_present',
  };
  const document = { '@context': 'https://openvex.dev/ns/v0.2.0', '@id': 'urn:example:1', version: 1, statements: [statement] };
  const { requested } = (await call('importVex', token, { body: { document } })).json as { requested: { exceptionId: string }[] };
  for (const one of requested) await call('endException', token, { params: { exceptionId: one.exceptionId } });
}

/** Who may do what, and how they log in. */
async function letIn({ server, call, token }: Story): Promise<void> {
  await call('listApiTokens', token);
  await call('listActivationKeys', token);
  const role = { name: 'Auditor of web', describes: 'Sees web servers', permissions: ['asset:read'], scope: 'hostname:web*' };
  const roleId = (await call('createRole', token, { body: role })).text('role');
  await call('changeRole', token, { params: { roleId }, body: role });
  await call('listRoles', token);
  const userId = (await call('createUser', token, { body: { login: 'dora', name: 'Dora', role: 'reader' } })).text('userId');
  await call('changeUser', token, { params: { userId }, body: { name: 'Dora D.' } });
  await call('resetPassword', token, { params: { userId } });
  await call('resetSecondFactors', token, { params: { userId } });
  await call('endUserSessions', token, { params: { userId } });
  await call('listUsers', token);
  await call('deleteUser', token, { params: { userId } });
  await call('deleteRole', token, { params: { roleId } });
  await call('setLoginRules', token, { body: { secondFactorRoles: [] } });
  await call('getLoginRules', token);
  const cleo = (await logIn(call, 'cleo')).session;
  const secret = (await call('startTotp', cleo)).text('secret');
  await call('confirmTotp', cleo, { body: { name: 'phone', code: totpCode(secret, server.clock.now) } });
  const key = new SoftwareKey('http://localhost');
  const { options } = (await call('startWebauthn', cleo)).json as { options: object };
  await call('confirmWebauthn', cleo, { body: { name: 'key', response: key.register(options) } });
  const { items } = (await call('listSecondFactors', cleo)).json as { items: { secondFactorId: string }[] };
  await call('makeRecoveryCodes', cleo);
  server.clock.now = new Date(server.clock.now.getTime() + 30_000);
  const half = (await logIn(call, 'cleo')).session;
  await call('askSecondFactor', half);
  const whole = (await call('giveSecondFactor', half, { body: { code: totpCode(secret, server.clock.now) } })).session;
  await call('deleteSecondFactor', whole, { params: { secondFactorId: items[0]?.secondFactorId ?? '' } });
  const person = (await logIn(call, 'anna')).session;
  await logIn(call, 'anna');
  const { items: sessions } = (await call('listSessions', person)).json as { items: { sessionId: string; isCurrent: boolean }[] };
  await call('endSession', person, { params: { sessionId: sessions.find((one) => !one.isCurrent)?.sessionId ?? '' } });
}

/** Reports, and who is told of what. */
async function tell({ server, call, token }: Story): Promise<void> {
  const reports = server.context.db.selectFrom('report');
  const report = { kind: 'summary', format: 'html', name: 'Weekly summary' };
  await call('previewReport', token, { body: { detections: 'severity:>=high' } });
  const reportId = (await call('createReport', token, { body: report })).text('reportId');
  // A report of now is made when now is over.
  server.clock.now = new Date(server.clock.now.getTime() + 3000);
  const keeper = new ReportKeeper(server.context, () => Promise.resolve());
  await eventually('the report is made', 30_000, async () => {
    await keeper.work();
    const { state } = await reports.select('state').where('id', '=', reportId).executeTakeFirstOrThrow();
    return state === 'done' ? true : null;
  });
  await call('getReport', token, { params: { reportId } });
  await call('listReports', token);
  const settings = { kind: 'syslog', host: '127.0.0.1', port: 1, transport: 'tcp' };
  const made = await call('saveNotificationChannel', token, { body: { name: 'collector', settings } });
  const { channelId } = made.json['channel'] as { channelId: string };
  await call('listNotificationChannels', token);
  await call('testNotificationChannel', token, { params: { channelId } });
  const schedule = { ...report, cron: '0 7 * * 1', timeZone: 'Europe/Berlin' };
  const scheduleId = (await call('saveReportSchedule', token, { body: schedule })).text('scheduleId');
  await call('listReportSchedules', token);
  await call('runReportSchedule', token, { params: { scheduleId } });
  const { session: ben } = await logIn(call, 'ben');
  await call('takeOverReportSchedule', ben, { params: { scheduleId } });
  await call('deleteReportSchedule', token, { params: { scheduleId } });
  await call('deleteReport', token, { params: { reportId } });
  const rule = { name: 'exploited', events: ['detection.known-exploited'], channelIds: [channelId] };
  const ruleId = (await call('saveNotificationRule', token, { body: rule })).text('ruleId');
  await call('listNotificationRules', token);
  await call('listDeliveries', token);
  await call('deleteNotificationRule', token, { params: { ruleId } });
  await call('deleteNotificationChannel', token, { params: { channelId } });
}

/** How agents are to behave. */
async function setUp({ call, token }: Story): Promise<void> {
  const profile = { name: 'servers', query: 'hostname:web*', settings: { cpuPercent: 3, blackout: ['mon-fri 08:00-18:00'] } };
  const profileId = (await call('createProfile', token, { body: profile })).text('profileId');
  await call('previewProfile', token, { body: { profileId, profile: { ...profile, settings: { cpuPercent: 5 } } } });
  await call('changeProfile', token, { params: { profileId }, body: { ...profile, priority: 200 } });
  await call('listProfiles', token);
  await call('orderProfiles', token, { body: { profileIds: [profileId] } });
  await call('deleteProfile', token, { params: { profileId } });
}

/** Releases for agents, and where they go. */
async function release({ server, call, token }: Story, assetId: string): Promise<void> {
  const now = server.clock.now;
  await using releases = await TestReleases.create(now);
  const program = { product: 'agent', version: '0.2.0', runtime: '26.10.0-1' } as const;
  await releases.releaseProgram(Buffer.from('// agent\n'), program, now);
  const { onlineKeys } = (await call('getReleaseRepository', token)).json as {
    onlineKeys: Parameters<typeof platformDocuments>[1];
  };
  const documents = await platformDocuments(releases, onlineKeys, now);
  const { missing } = (await call('publishRelease', token, { body: { documents } })).json as { missing: Target[] };
  for (const { name, sha256 } of missing) {
    const payload = await readFile(targetFile(releases.directory, name, { hashes: { sha256, sha512: '' } }));
    const headers = { ...token, host: 'localhost', 'content-type': 'application/octet-stream' };
    await server.app.inject({ method: 'PUT', url: `/api/v1/releases/files/${sha256}`, headers, payload });
  }
  await call('publishRelease', token, { body: { documents } });
  await call('getReleaseRepository', token);
  await call('getPlatformIdentification', {});
  const rules = [{ tags: ['watched'], windows: [{ days: [6], from: '02:00', minutes: 120 }] }];
  await call('setReleaseRules', token, { body: { rules } });
  await call('getReleaseRules', token);
  await call('setAssetRelease', token, { params: { assetId }, body: { pin: null, tags: ['watched'] } });
  const rings = [{ name: 'everybody' }];
  const rolloutId = (await call('startRollout', token, { body: { version: '0.2.0', rings } })).text('rolloutId');
  await call('changeRollout', token, { params: { rolloutId }, body: { action: 'pause', reason: 'until Monday' } });
  await call('getRollout', token, { params: { rolloutId } });
  await call('listRollouts', token);
  await call('listAgentUpgrades', token);
  await call('listReleaseEvents', token);
}

interface Target {
  readonly name: string;
  readonly sha256: string;
}

interface Feed extends AsyncDisposable {
  readonly url: string;
  /** From now on the feed has so many records. */
  readonly offer: (count: number) => void;
}

/** A mirror with one feed. */
async function offerFeed(): Promise<Feed> {
  let records = 0;
  const entry = (_: unknown, index: number) => ({ cveID: `CVE-2026-${1000 + index}`, dateAdded: '2026-11-05' });
  const server = createServer((request, response) => {
    const isOffered = request.url?.endsWith('/known_exploited_vulnerabilities.json') ?? false;
    const body = { count: records, vulnerabilities: Array.from({ length: records }, entry) };
    response.writeHead(isOffered ? 200 : 404).end(isOffered ? JSON.stringify(body) : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens
  return {
    url: `http://127.0.0.1:${port}`,
    offer: (count) => void (records = count),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What the platform knows, and where from. */
async function learn({ call, token }: Story, offer: Feed['offer']): Promise<void> {
  offer(2000);
  await call('refreshKnowledge', token);
  offer(1001);
  // The one feed there is has too few records now.
  await call('refreshKnowledge', token).catch(() => null);
  await call('getKnowledge', token);
  await call('acceptFeed', token, { params: { feed: 'cisa-kev' } });
}

/** What is taken away again, and what is known of all of this. */
async function end({ call, token }: Story, assetId: string): Promise<void> {
  const idOf = async (list: 'listApiTokens' | 'listActivationKeys' | 'listSavedQueries', id: string): Promise<string> => {
    const { items } = (await call(list, token)).json as { items: Record<string, string>[] };
    return items[0]?.[id] ?? '';
  };
  await call('deleteSavedQuery', token, { params: { savedQueryId: await idOf('listSavedQueries', 'savedQueryId') } });
  await call('deleteTag', token, { params: { name: 'production' } });
  await call('revokeAgent', token, { params: { assetId } });
  await call('revokeActivationKey', token, {
    params: { activationKeyId: await idOf('listActivationKeys', 'activationKeyId') },
  });
  await call('listAuditEvents', token);
  await call('verifyAuditLog', token);
  const person = (await logIn(call, 'anna')).session;
  await call('deleteApiToken', person, { params: { apiTokenId: await idOf('listApiTokens', 'apiTokenId') } });
  const changed = await call('changePassword', person, { body: { password, newPassword: 'four more unlike words' } });
  await call('logOut', changed.session);
  await call('endSessions', (await logIn(call, 'ben')).session, { query: { tokens: 'revoke' } });
}
