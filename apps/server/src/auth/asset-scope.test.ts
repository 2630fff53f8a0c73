import {
  AssetSorting,
  CheckSorting,
  type Endpoint,
  endpoints,
  isReadOnly,
  isStanding,
  type Permission,
  permissionMeanings,
} from '@vedette/protocol';
import { syncDocument, throwAwayDatabase } from '@vedette/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { outsideScope, withinScope } from '../db/asset-scope.ts';
import { otherAssets } from '../db/scoped-pool.ts';
import { narrowIndex } from '../fleet-index/narrow-index.ts';
import { type Canary, type PeopleWorld, peopleWorld, type TestCaller } from '../testing/people-world.ts';
import { testCaller } from '../testing/test-server.ts';

const all = Object.values(endpoints) as Endpoint[]; // widened: only the common shape is needed
/** What tells of assets, or might; but for what is only about the caller. */
const readings = all.filter(
  ({ name, permission, method }) =>
    (isScoped(permission) || (permission === 'session' && method === 'GET')) &&
    permission !== 'token:write' &&
    name !== 'getSession',
);
const ofOneAsset = all.filter(({ path, permission }) => isScoped(permission) && path.includes(':assetId'));

let world: PeopleWorld;
let web: Canary;
let db: Canary;
let scoped: TestCaller;
let unit: TestCaller;
/** Another organization, which has nothing but what the scope is to show. */
let twin: TestCaller;
let twinWeb: Canary;

function isScoped(permission: Endpoint['permission']): permission is Permission {
  return !isStanding(permission) && !permissionMeanings[permission].whole;
}

beforeAll(async () => {
  world = await peopleWorld({ database: await throwAwayDatabase(), syncDocument }, ['web1', 'db1']);
  const { organizationId } = world.manager;
  // The one that must not be seen lies before and behind the other, in every order.
  [db, web] = [await world.addAsset('db1'), await world.addAsset('web1')];
  twin = await testCaller(world.server);
  twinWeb = await world.addAsset('web1', twin);
  scoped = await testCaller(world.server, { organizationId, role: 'reader', scope: 'hostname:web*' });
  unit = await testCaller(world.server, { organizationId, role: 'unit-manager', scope: 'hostname:web*' });
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

async function ask({ method, path, name }: Endpoint, caller: TestCaller, asset: Canary, query = '') {
  const things: Record<string, string> = { assetId: asset.assetId, check: '280001000', number: '280001002', collector: 'dpkg' };
  const url = path.replace(/:(\w+)/g, (_, param: string) => things[param] ?? '00000000-0000-4000-8000-000000000000');
  const payload = bodies[name];
  return world.server.app.inject({
    method,
    url: `/api/v1${url}${query}`,
    headers: caller.headers,
    ...(payload ? { payload } : {}),
  });
}

/** What a reading has to be sent to answer at all. */
const bodies: Readonly<Record<string, object>> = {
  whatIf: { checks: [280001000], upgrades: [] },
  previewReport: {},
  previewException: { query: 'severity:>=1' },
  previewProfile: { profile: { name: 'all', query: 'hostname:*', settings: { cpuPercent: 2 } } },
};
/** Things that are not assets, which have to be made first: tests of their own ask for them. */
const ofMadeThings = /:(orderId|reportId|exceptionId)\b/;

/** Lists of what an organization has made, of which nothing here is about one asset. */
const sameForAll: ReadonlySet<string> = new Set([
  'listSavedQueries',
  'listProfiles',
  'listExceptions',
  'listTags',
  'listAssetTags',
  'listReports',
  'listReportSchedules',
]);

/** What an operation has to be asked for to answer at all, or to answer in several ways. */
const queries: Readonly<Record<string, readonly string[]>> = {
  countDetections: ['asset', 'check', 'package', 'severity', 'status', 'os', 'firstFound'].map((by) => `?groupBy=${by}`),
  listAssets: ['', ...AssetSorting.options.map((sort) => `?sort=${sort}`)],
  listDetections: ['', '?sort=package', '?sort=lastFound', '?sort=lastFound&status=fixed'],
  listChecks: ['', ...CheckSorting.options.map((sort) => `?sort=${sort}`)],
  getRiskChanges: ['?since=2026-11-11T00:00:00Z'],
  compareMoments: ['asset', 'check'].map((by) => `?from=2026-11-01T00:00:00Z&to=2026-11-13T00:00:00Z&groupBy=${by}`),
  listEvents: ['', '?from=2026-10-20T00:00:00Z&buckets=5', '?query=not%20asset:(hostname:web1)'],
  listFieldValues: [
    '?about=asset&field=hostname',
    '?about=asset&field=os',
    '?about=software&field=name',
    '?about=detection&field=package',
    '?about=check&field=name',
  ],
};

/** A reply without what tells two organizations with the same assets apart. */
function neutral(body: string): unknown {
  const ids = [web.assetId, twinWeb.assetId, web.agentId, twinWeb.agentId];
  return JSON.parse(ids.reduce((text, id, at) => text.replaceAll(id, at < 2 ? 'asset' : 'agent'), body));
}

/** Which kinds of events are told depends on the role alone: roll-outs are about the whole organization. */
function withoutRole(reply: unknown): unknown {
  const { kinds: _, chart: __, ...rest } = reply as Record<string, unknown>; // of any endpoint
  return Array.isArray(reply) ? reply : rest;
}

describe('whoever may see some assets', () => {
  const lists = readings
    .filter(({ permission, path }) => (isStanding(permission) || isReadOnly(permission)) && !ofMadeThings.test(path))
    .flatMap((endpoint) => (queries[endpoint.name] ?? ['']).map((query) => [endpoint.name, query, endpoint] as const));
  it.each(lists)('is answered by %s%s as if there were no others', async (name, query, endpoint) => {
    // Before and after: what is kept for everybody must be neither shown to them nor made by them.
    const before = await ask(endpoint, world.manager, db, query);
    const [narrow, alone] = [await ask(endpoint, scoped, web, query), await ask(endpoint, twin, twinWeb, query)];
    expect([name, narrow.statusCode]).toEqual([name, 200]);
    expect(db.texts.filter((text) => narrow.body.includes(text))).toEqual([]);
    // The pulse is a number of the whole fleet's changes, which says nothing of them.
    const [mine, theirs] = [narrow, alone].map(({ body }) => (name === 'getPulse' ? null : withoutRole(neutral(body))));
    expect(mine).toEqual(theirs);
    expect((await ask(endpoint, world.manager, db, query)).json()).toEqual(before.json());
  });

  const exported = readings.filter(({ query }) => query instanceof z.ZodObject && 'format' in query.shape);
  it.each(exported.map((endpoint) => [endpoint.name, endpoint] as const))(
    'gets no other asset in %s as CSV, whose rows are read after the answer has begun',
    async (_, endpoint) => {
      const rows = async (caller: TestCaller, asset: Canary) => {
        const reply = await ask(endpoint, caller, asset, `${queries[endpoint.name]?.[0] || '?'}&format=csv`);
        expect([reply.statusCode, reply.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
        return reply.body.trimEnd().split('\r\n');
      };
      const narrow = await rows(scoped, web);
      expect(narrow.length).toBe((await rows(twin, twinWeb)).length);
      expect(db.texts.filter((text) => narrow.join().includes(text))).toEqual([]);
      const isOfAssets = !sameForAll.has(endpoint.name);
      expect((await rows(world.manager, db)).join() !== narrow.join()).toBe(isOfAssets);
    },
  );

  it.each(ofOneAsset.map((endpoint) => [endpoint.name, endpoint] as const))('finds no other asset by %s', async (_, endpoint) => {
    expect([(await ask(endpoint, unit, db)).statusCode]).toEqual([404]);
  });

  it.each([
    ['/assets', 1],
    ['/assets?search=db', 0],
    ['/assets?query=hostname:db1', 0],
    ['/assets?query=not hostname:web1', 0],
    ['/assets?state=active', 0],
    ['/detections', 2],
    ['/detections?status=all', 2],
    ['/detections?query=asset:(hostname:db1)', 0],
    ['/detections?query=package:libdb1', 0],
    ['/detections?query=not asset:(hostname:web1)', 0],
    ['/detections?asOf=2026-11-11T00:00:00Z', 0],
    ['/detections?asOf=2026-11-12T12:00:00Z&status=all', 2],
    ['/detections?search=db1', 0],
    ['/detections?check=280001001', 0],
    ['/checks?detected=true', 2],
  ])('sees by %s %i', async (path, total) => {
    const reply = await world.server.app.inject({ url: `/api/v1${encodeURI(path)}`, headers: scoped.headers });
    expect(reply.json()).toMatchObject({ total });
  });

  it('sees an asset from the moment it fits, and no longer', async () => {
    const { organizationId } = world.manager;
    const caller = await testCaller(world.server, { organizationId, role: 'reader', scope: 'os:*web1' });
    const total = async () =>
      (await world.server.app.inject({ url: '/api/v1/assets', headers: caller.headers })).json<{ total: number }>().total;
    expect(await total()).toBe(1);
    const update = (os: string) => world.database.db.updateTable('asset').set({ os }).where('id', '=', db.assetId).execute();
    await update('moved, of web1');
    expect(await total()).toBe(2);
    await update('Debian of db1');
    expect(await total()).toBe(1);
  });

  it.each([
    ['knowledge-only', null],
    ['user-administrator', null],
  ])('sees none with the role %s', async (role, scope) => {
    const caller = await testCaller(world.server, { organizationId: world.manager.organizationId, role, scope });
    const about = await world.server.app.inject({ url: '/api/v1/about', headers: caller.headers });
    expect(about.json()).toMatchObject({ agentVersions: [] });
  });

  it('is told of no asset by the knowledge base, with the role for it alone', async () => {
    const caller = await testCaller(world.server, { organizationId: world.manager.organizationId, role: 'knowledge-only' });
    const checks = await world.server.app.inject({ url: '/api/v1/checks', headers: caller.headers });
    expect(checks.json<{ items: { openAssets: number }[] }>().items.map(({ openAssets }) => openAssets)).toEqual([0, 0, 0]);
  });

  it.each(['hostname:', 'color:red', 'asOf:2026-01-01'])(
    'is refused everything while the scope "%s" cannot be understood',
    async (scope) => {
      const caller = await testCaller(world.server, { organizationId: world.manager.organizationId, role: 'reader', scope });
      const reply = await world.server.app.inject({ url: '/api/v1/assets', headers: caller.headers });
      expect(reply.json()).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    },
  );

  it.each(
    all
      .filter(({ permission }) => !isStanding(permission) && permissionMeanings[permission].whole)
      .map((one) => [one.name, one] as const),
  )('is refused %s, which is about all of them', async (_, endpoint) => {
    const caller = await testCaller(world.server, {
      organizationId: world.manager.organizationId,
      role: 'manager',
      scope: 'hostname:*',
    });
    expect((await ask(endpoint, caller, web)).json()).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('the part of the index', () => {
  it('has a word of its own for everything that the whole is asked for', async () => {
    const whole = await world.server.context.fleetIndex.current(world.manager.organizationId);
    const part = narrowIndex(whole, new Set([web.assetId]));
    const inherited = (one: object): string[] => {
      const own = Object.getPrototypeOf(one) as object; // of a class
      const names = Object.getOwnPropertyNames(Object.getPrototypeOf(own));
      return names.filter((name) => !Object.hasOwn(own, name));
    };
    // What is made of others, or only written to.
    expect(inherited(part.packages)).toEqual(['bases', 'assetsWithAny']);
    expect(inherited(part.log)).toEqual(['add', 'addMany', 'forEach', 'absorb', 'forget', 'forgetBefore']);
    part.dispose();
  });

  it('lets whoever waits for changes hear of them', async () => {
    const pulse = async () => (await world.server.app.inject({ url: '/api/v1/pulse', headers: scoped.headers })).json<object>();
    const before = await pulse();
    expect(await pulse()).toEqual(before);
    await world.database.db.updateTable('asset').set({ pendingRestart: true }).where('id', '=', web.assetId).execute();
    expect(await pulse()).not.toEqual(before);
    await world.database.db.updateTable('asset').set({ pendingRestart: false }).where('id', '=', web.assetId).execute();
  });
});

describe('the database within a scope', () => {
  const within = <Result>(assetIds: string[], task: () => Promise<Result>) =>
    withinScope({ organizationId: world.manager.organizationId, assetIds: new Set(assetIds), key: assetIds.join() }, task);

  it('holds no row of another asset, in whatever table', async () => {
    const { db: database } = world.database;
    const { rows } = await sql<{ name: string; column: string }>`
      select relname as name, attname as column from pg_attribute join pg_class on pg_class.oid = attrelid
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v') and not attisdropped
        and attname = case when relname = 'asset' then 'id' else 'asset_id' end`.execute(database);
    expect(rows.length).toBeGreaterThan(8);
    for (const { name, column } of rows) {
      const ids = async () =>
        (await sql<{ id: string }>`select distinct ${sql.ref(column)} as id from ${sql.table(name)}`.execute(database)).rows.map(
          ({ id }) => id,
        );
      const [every, one, none] = [await ids(), await within([web.assetId], ids), await within([], ids)];
      expect([name, one, none]).toEqual([name, every.filter((id) => id === web.assetId), []]);
    }
  });

  it('knows every column that names an asset', async () => {
    const { rows } = await sql<{ column: string }>`
      select distinct table_name || '.' || column_name as column from information_schema.columns
      where table_schema = 'public' and (data_type = 'uuid' or column_name like '%asset%') order by 1`.execute(world.database.db);
    // What names an asset and is not called asset_id belongs into otherAssets; what names something else, here.
    const others =
      /\.(id|asset_id|agent_id|organization_id|user_id|made_with|owner_id|activation_key_id|incarnation|started_by|changed_by|requested_by|became|exception_id|assets|channel_id|rule_id|schedule_id|report_id)$/;
    expect(rows.map(({ column }) => column).filter((column) => !others.test(column))).toEqual([]);
    const two = await sql<{ name: string }>`
      select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'became'`.execute(
      world.database.db,
    );
    expect(Object.entries(otherAssets)).toEqual(two.rows.map(({ name }) => [name, 'became']));
  });

  it('shows each request its own, however many there are at once', async () => {
    const { db: database } = world.database;
    const ids = async () =>
      (await database.selectFrom('asset').select('id').where('organizationId', '=', world.manager.organizationId).execute()).map(
        ({ id }) => id,
      );
    const seen = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        at % 4 === 0 ? ids() : within(at % 4 === 1 ? [web.assetId] : at % 4 === 2 ? [db.assetId] : [], ids),
      ),
    );
    const lengths = seen.map((found) => found.length);
    expect(lengths).toEqual(lengths.map((_, at) => [2, 1, 1, 0][at % 4]));
    expect(seen.filter((_, at) => at % 4 === 1).flat()).toEqual(Array(10).fill(web.assetId));
    expect((await within([], () => outsideScope(ids))).length).toBe(2);
  });
});

describe('whoever may change some assets', () => {
  /** What of an asset people write. */
  const written = async ({ assetId }: Canary) => {
    const { rows } = await sql`
      select (select count(*) from agent_order where asset_id = ${assetId})::integer as orders,
        (select count(*) from agent where asset_id = ${assetId} and revoked_at is not null)::integer as revoked`.execute(
      world.database.db,
    );
    return rows[0];
  };

  it('changes these, and none of the others', async () => {
    const changing = ofOneAsset.filter(({ permission }) => !isReadOnly(permission as Permission)); // of one asset, and scoped
    // Whatever comes to this list shall be seen to work, and `written` to know it.
    expect(changing.map(({ name }) => name).toSorted()).toEqual(['revokeAgent', 'scanAsset']);
    // Another one, and last in this file: the others are counted.
    const mine = await world.addAsset('web9');
    for (const endpoint of changing) {
      expect([endpoint.name, (await ask(endpoint, unit, mine)).statusCode]).toEqual([endpoint.name, 200]);
      expect([endpoint.name, (await ask(endpoint, unit, db)).statusCode]).toEqual([endpoint.name, 404]);
    }
    expect(await written(mine)).toEqual({ orders: 1, revoked: 1 });
    expect(await written(db)).toEqual({ orders: 0, revoked: 0 });
  });
});
