import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AssetTag, endpoints, type Endpoint, ExceptionRules, type Problem } from '@vedette/protocol';
import { z } from 'zod';
import { facts } from './fact-fixtures.ts';
import * as decisions from './decision-fixtures.ts';
import * as fixtures from './fixtures.ts';
import { peopleHandlers } from './people-fixtures.ts';
import { postureFixture } from './posture-fixture.ts';
import * as profiles from './profile-fixtures.ts';
import * as releases from './release-fixtures.ts';
import { reportHandlers } from './report-fixtures.ts';
import { historyHandlers } from './history-fixtures.ts';
import { orderScan, scanOrder } from './scans.ts';

/**
 * The built console with an API of fixtures behind it, for looking at pages and for browser tests without a platform.
 * The query "many" finds 10,000 checks.
 * Sentinels make it fail: the password "fail" (LOGIN_FAILED), any search for "fail" (INTERNAL), an activation key named "fail" (CONFLICT);
 * the login "empty" sees an organization without assets.
 */
export const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface MockRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  /** True for the login "empty". */
  readonly empty: boolean;
}

class MockProblem extends Error {
  readonly problem: Problem;
  constructor(status: number, code: string, title: string, detail: string) {
    super(detail);
    this.problem = { type: 'about:blank', status, code, title, detail };
  }
}

const notFound = () =>
  new MockProblem(404, 'NOT_FOUND', 'Not found', 'There is nothing with this id. It may have been removed; go back to the list.');

function paged<Item>({ query }: MockRequest, items: readonly Item[]) {
  if (query.get('search') === 'fail')
    throw new MockProblem(500, 'INTERNAL', 'The platform met an error', 'It was logged. Try again.');
  // A cursor is where the next page begins.
  const offset = Number(query.get('after') ?? query.get('offset') ?? 0);
  const end = offset + Number(query.get('limit') ?? 100);
  const page = inOrder(query, items).slice(offset, end);
  return { total: items.length, items: page, next: end < items.length ? String(end) : null };
}

/** By a field of the same name as the order; where there is none, as they are. */
function inOrder<Item>(query: URLSearchParams, items: readonly Item[]): readonly Item[] {
  const field = query.get('sort') as keyof Item; // looked for in what it may not be of
  const isDescending = query.get('direction') === 'descending';
  const collator = new Intl.Collator('en', { numeric: true });
  const sorted = items.toSorted((one, other) => collator.compare(String(one[field] ?? ''), String(other[field] ?? '')));
  return isDescending ? sorted.toReversed() : sorted;
}

function matches({ query }: MockRequest, ...texts: readonly string[]): boolean {
  // Of the query language it knows single words.
  const asked = query.get('query');
  const search = (query.get('search') ?? (asked && /^[\w.-]+$/.test(asked) ? asked : null))?.toLowerCase();
  return !search || search === 'fail' || texts.some((text) => text.toLowerCase().includes(search));
}

function within(moment: string | null, days: string | null): boolean {
  return days === null || (moment !== null && Date.parse(moment) >= fixtures.now - Number(days) * 86_400_000);
}

function detectionsFor(request: MockRequest) {
  const { query } = request;
  const status = query.get('status') ?? 'open';
  return fixtures.sorted(
    (request.empty ? [] : fixtures.detections).filter(
      (each) =>
        (status === 'all' || (status === 'open' ? each.status !== 'fixed' : each.status === status)) &&
        each.severity >= Number(query.get('severity') ?? 1) &&
        (!query.has('severityExact') || each.severity === Number(query.get('severityExact'))) &&
        (query.get('exploited') !== 'true' || each.kevSince !== null) &&
        within(each.firstFound, query.get('foundWithinDays')) &&
        within(each.fixedAt, query.get('fixedWithinDays')) &&
        (!query.has('assetId') || each.assetId === query.get('assetId')) &&
        (!query.has('check') || each.check === Number(query.get('check'))) &&
        matches(request, each.name, ...each.packages.flatMap(({ name, source }) => [name, source])),
    ),
  );
}

function checksFor(request: MockRequest) {
  return fixtures.checks.filter(
    (check) => check.severity >= Number(request.query.get('severity') ?? 1) && matches(request, check.name, ...check.aliases),
  );
}

/** More than anybody would look at. */
function manyChecks() {
  return Array.from({ length: 10_000 }, (_, index) => {
    const check = fixtures.checks[index % fixtures.checks.length]!; // there are some
    return { ...check, number: 100_000 + index, name: `CVE-2020-${String(index).padStart(5, '0')}` };
  });
}

const emptyCounts = fixtures.countsOf([]);
let keys = [...fixtures.activationKeys];
let tokens = [...fixtures.apiTokens];
let knowledge = fixtures.knowledge;
let rollouts = releases.rollouts;
let assetTags: readonly AssetTag[] = decisions.assetTags;
let exceptionRules: ExceptionRules = { secondPerson: true, maxDays: 365 };

type Handlers = { readonly [Name in keyof typeof endpoints]?: (request: MockRequest) => unknown };

const handlers: Handlers = {
  ...peopleHandlers,
  ...reportHandlers,
  getSession: () => fixtures.me,
  logOut: () => ({ ended: true }),
  getAbout: () => fixtures.about,
  getDashboard: ({ empty }) =>
    empty
      ? {
          ...fixtures.dashboard(),
          assets: 0,
          openTotal: 0,
          open: emptyCounts,
          topChecks: [],
          topUpgrades: [],
          worst: [],
          trend: [],
        }
      : fixtures.dashboard(),
  listAssets: (request) =>
    paged(
      request,
      (request.empty ? [] : fixtures.assets).filter(
        ({ hostname, pendingRestart }) =>
          matches(request, hostname) && (request.query.get('pendingRestart') !== 'true' || pendingRestart),
      ),
    ),
  getAsset: ({ params }) => {
    const asset = fixtures.assets.find(({ assetId }) => assetId === params['assetId']);
    if (!asset) throw notFound();
    return { asset, agent: fixtures.agent, clonedFrom: null, clones: [] };
  },
  scanAsset: ({ params }) => {
    const asset = fixtures.assets.find(({ assetId }) => assetId === params['assetId']);
    if (!asset) throw notFound();
    return orderScan(asset.assetId);
  },
  getOrder: ({ params }) => {
    const order = scanOrder(String(params['orderId']));
    if (!order) throw notFound();
    return order;
  },
  listFacts: (request) => {
    const rows = new Map(Object.entries(facts)).get(request.params['collector'] ?? '');
    if (!rows) throw notFound();
    return paged(
      request,
      rows.filter((row) => matches(request, JSON.stringify(row))),
    );
  },
  ...historyHandlers,
  getPulse: () => ({ revision: `knowledge ${knowledge.version}` }),
  listSoftware: (request) =>
    paged(
      request,
      (request.empty ? [] : fixtures.software).filter(({ name }) => matches(request, name)),
    ),
  listDetections: (request) => paged(request, detectionsFor(request)),
  getPosture: () => postureFixture,
  explainDetection: ({ params }) => {
    const found = fixtures.detections.find(
      (each) => each.assetId === params['assetId'] && each.check === Number(params['check']),
    );
    if (!found) throw notFound();
    return fixtures.explain(found);
  },
  listChecks: (request) => {
    const list = request.query.get('query') === 'many' ? manyChecks() : checksFor(request);
    return paged(
      request,
      list.map((check, index) => ({
        ...check,
        affected: undefined,
        cvss: undefined,
        cvssScore: check.cvss[0]?.score ?? null,
        openAssets: index % 7,
      })),
    );
  },
  getCheck: ({ params }) => {
    const check = fixtures.checks.find(({ number }) => number === Number(params['number']));
    if (!check) throw notFound();
    return { check, openAssets: 3, origins: fixtures.origins, ...fixtures.checkExtras(check) };
  },
  getKnowledge: () => knowledge,
  refreshKnowledge: () => (knowledge = { ...knowledge, version: knowledge.version + 1, starter: false, stale: false }),
  acceptFeed: ({ params }) =>
    (knowledge = {
      ...knowledge,
      feeds: knowledge.feeds.map((one) =>
        one.feed === params['feed'] ? { ...one, records: one.refusedRecords, refusedRecords: null, problem: null } : one,
      ),
    }),
  getRisk: () => decisions.risk,
  getRiskChanges: () => decisions.riskChanges,
  listFixes: ({ empty }) => ({
    total: empty ? 0 : decisions.fixes.length,
    items: empty ? [] : decisions.fixes,
    together: decisions.together,
    next: null,
  }),
  whatIf: ({ body }) => {
    const now = { open: { critical: 9, high: 9, medium: 9, low: 9, informational: 9 }, risk: 400, assets: 9 };
    const made = (body['upgrades'] as readonly unknown[]).length; // a mock trusts its test
    return { now, after: { open: { ...now.open, critical: 9 - made }, risk: 400 - 100 * made, assets: 9 - made } };
  },
  getAssetFixes: () => ({
    items: decisions.fixes,
    together: decisions.together,
    commands: ['apt-get update && apt-get install --only-upgrade curl openssl'],
  }),
  listAssetTags: () => ({ items: assetTags }),
  tagAsset: ({ body }) => {
    const wanted = endpoints.tagAsset.body.parse(body);
    const kept = assetTags.filter(({ name, fits }) => fits || !wanted.remove.includes(name));
    assetTags = [...kept, ...wanted.add.map((name) => decisions.tagByHand(name))];
    return { tags: assetTags.flatMap(({ name, byHand }) => (byHand ? [name] : [])) };
  },
  listTags: () => ({ items: decisions.tags }),
  saveTag: ({ params, body }) => ({ ...body, name: params['name'] }),
  deleteTag: () => ({ deleted: true }),
  listProfiles: ({ empty }) => ({ items: empty ? [] : profiles.profiles }),
  createProfile: ({ body }) => ({ ...profiles.profiles[0], ...body }),
  changeProfile: ({ body }) => ({ ...profiles.profiles[0], ...body }),
  deleteProfile: () => ({ deleted: true }),
  orderProfiles: () => ({ items: profiles.profiles }),
  previewProfile: () => profiles.preview,
  getAssetSettings: () => profiles.effective,
  listExceptions: (request) =>
    paged(
      request,
      decisions.exceptions.filter(({ state }) => !request.query.has('state') || state === request.query.get('state')),
    ),
  getExceptionRules: () => exceptionRules,
  setExceptionRules: ({ body }) => (exceptionRules = ExceptionRules.parse(body)),
  importVex: ({ body }) => decisions.vexImport(body['dryRun'] === true),
  exportVex: () => ({ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [] }),
  previewException: () => ({ detections: 12, assets: 3, checks: 2, names: ['CVE-2026-1000', 'CVE-2026-1001'] }),
  requestException: () => decisions.exceptions[1],
  decideException: () => decisions.exceptions[0],
  endException: () => ({ ...decisions.exceptions[0], state: 'ended' }),
  getReleaseRepository: () => releases.repository,
  listRollouts: (request) => paged(request, request.empty ? [] : rollouts),
  changeRollout: ({ params, body }) => {
    const state = body['action'] === 'resume' ? 'running' : 'rolled-back';
    rollouts = rollouts.map((one) => (one.rolloutId === params['rolloutId'] ? { ...one, state, reason: 'by admin' } : one));
    return rollouts.find(({ rolloutId }) => rolloutId === params['rolloutId']);
  },
  listAgentUpgrades: (request) => paged(request, request.empty ? [] : releases.upgrades),
  getPlatformIdentification: () => releases.identification,
  listApiTokens: () => ({ items: tokens }),
  createApiToken: ({ body }) => {
    if (body['name'] === 'fail') throw new MockProblem(409, 'CONFLICT', 'There is such a token already', 'Choose another name.');
    const token = {
      ...fixtures.apiTokens[0]!,
      name: String(body['name']),
      apiTokenId: crypto.randomUUID() as (typeof tokens)[number]['apiTokenId'],
    }; // a fixture mints ids
    tokens = [token, ...tokens];
    return { ...token, secret: 'vdt_0123456789abcdefghijklmnopqrstuv' };
  },
  deleteApiToken: ({ params }) => {
    tokens = tokens.filter((token) => token.apiTokenId !== params['apiTokenId']);
    return { deleted: true };
  },
  listActivationKeys: () => ({ items: keys }),
  createActivationKey: ({ body }) => {
    if (body['name'] === 'fail') throw new MockProblem(409, 'CONFLICT', 'There is such a key already', 'Choose another name.');
    const key = {
      ...fixtures.activationKeys[0]!,
      name: String(body['name']),
      uses: 0,
      activationKeyId: crypto.randomUUID() as (typeof keys)[number]['activationKeyId'],
    }; // a fixture mints ids
    keys = [key, ...keys];
    return { ...key, secret: 'vak_0123456789abcdefghijklmnopqrstuv' };
  },
  revokeActivationKey: ({ params }) => {
    keys = keys.map((key) =>
      key.activationKeyId === params['activationKeyId'] ? { ...key, revokedAt: new Date(fixtures.now).toISOString() } : key,
    );
    return { revoked: true };
  },
};

/** Starts on a free loopback port; `close()` the server when done. */
export async function startMockApi(port = 0): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const problem =
        error instanceof MockProblem
          ? error.problem
          : { status: 500, code: 'INTERNAL', title: 'Mock error', detail: String(error) };
      response.writeHead(problem.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return { server, url: `http://127.0.0.1:${address.port}` };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://mock');
  if (!url.pathname.startsWith('/api/v1/')) return sendFile(url.pathname, response);
  const found = match(request.method ?? 'GET', url.pathname.slice('/api/v1'.length));
  if (!found) throw notFound();
  const body = await bodyOf(request);
  const session = /(?:^|; )session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  let reply: unknown;
  if (found.endpoint.name === 'logIn') {
    if (body['password'] === 'fail')
      throw new MockProblem(401, 'LOGIN_FAILED', 'Login failed', 'The login or the password is wrong.');
    headers['set-cookie'] = `session=${body['login'] === 'empty' ? 'empty' : 'full'}; Path=/; HttpOnly; SameSite=Strict`;
    reply = fixtures.me;
  } else {
    if (!session && found.endpoint.permission !== 'public')
      throw new MockProblem(401, 'UNAUTHENTICATED', 'Not logged in', 'Log in first.');
    const handler = handlers[found.endpoint.name as keyof typeof endpoints]; // names are the keys
    if (!handler) throw notFound();
    refuseWrong(found.endpoint, url.searchParams, body);
    if (found.endpoint.name === 'logOut') headers['set-cookie'] = 'session=; Path=/; Max-Age=0';
    reply = handler({ params: found.params, query: url.searchParams, body, empty: session === 'empty' });
  }
  response.writeHead(200, headers).end(JSON.stringify(reply));
}

/** As the platform does: what does not fit, and what the operation does not know. What browsers make for second factors is left alone. */
function refuseWrong(
  { query, body, permission }: Endpoint,
  asked: URLSearchParams,
  sent: Readonly<Record<string, unknown>>,
): void {
  if (['login', 'account', 'leave'].includes(permission)) return;
  const wrong = (detail: string) => new MockProblem(400, 'BAD_REQUEST', 'The request is malformed', detail);
  const given = query instanceof z.ZodUndefined ? undefined : query.safeParse(Object.fromEntries(asked));
  const taken = body instanceof z.ZodUndefined ? undefined : body.safeParse(sent);
  for (const read of [given, taken]) if (read?.success === false) throw wrong(read.error.message);
  const known = (read: typeof given, name: string) => Object.hasOwn((read?.data ?? {}) as object, name);
  const unknown = [
    ...[...asked.keys()].filter((name) => !known(given, name)),
    ...Object.keys(sent).filter((name) => !known(taken, name)),
  ];
  if (unknown.length > 0) throw wrong(`${unknown.join(', ')}: not known here`);
}

function match(method: string, path: string): { endpoint: Endpoint; params: Record<string, string> } | null {
  for (const endpoint of Object.values(endpoints) as Endpoint[]) {
    const pattern = new RegExp(`^${endpoint.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
    const found = endpoint.method === method ? pattern.exec(path) : null;
    if (found) return { endpoint, params: { ...found.groups } };
  }
  return null;
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // a request without encoding gives buffers
  const text = Buffer.concat(chunks).toString();
  return text ? (JSON.parse(text) as Record<string, unknown>) : {}; // a mock trusts its test
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const file = extname(path) ? normalize(path).replace(/^(\.\.[/\\])+/, '') : 'index.html';
  const content = await readFile(join(dist, file)).catch(() => null);
  if (content === null) throw notFound();
  response
    .writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': contentSecurityPolicy,
    })
    .end(content);
}
