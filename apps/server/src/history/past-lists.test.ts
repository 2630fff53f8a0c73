import { type Detection, type DetectionGroup, type DetectionGrouping, DetectionSorting, SortDirection } from '@vedette/protocol';
import { parseQuery } from '@vedette/query';
import { syncDocument, throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import fc from 'fast-check';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findAssets } from '../assets/find-assets.ts';
import { countDetections as countOfAsset } from '../assets/past-assets.ts';
import { noDecisions } from '../decisions/decisions.ts';
import { countByHistories } from '../detections/count-by-histories.ts';
import { countGroups } from '../detections/count-detections.ts';
import { readCursor } from '../detections/cursor.ts';
import { derivedDetections } from '../detections/derive.ts';
import { findByQuery, inHistories } from '../detections/find-by-query.ts';
import { findInFleet, findInPast } from '../detections/find-in-fleet.ts';
import { orderOf } from '../detections/order-detections.ts';
import { findDetections } from '../detections/store.ts';
import { planAssetFixes } from '../fix-lists/plan-asset-fixes.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import { findChecks } from '../knowledge/find-checks.ts';
import { indexAnswers } from '../query/detection-query.ts';
import { usualContexts } from '../risk/asset-contexts.ts';
import { findSoftware } from '../software/find-software.ts';
import { HistoryWorld, type Step } from '../testing/history-world.ts';
import { steps } from '../testing/three-ways.ts';

const dayMs = 24 * 3_600_000;
const silence = { silent: 3600, stale: 7 * 86_400, archived: 30 * 86_400 };
const page = { limit: 500, offset: 0 };
const groupings: DetectionGrouping[] = ['severity', 'check', 'package', 'asset', 'os', 'ecosystem', 'release'];
const queries = [
  'severity:>=high',
  'asset:(critical:>0)',
  'asset:(software:(name:openssl)) and not package:zlib',
  'kev:true or fixable:false',
];
/** What asks when detections came and went: within a window an index of then answers, before it the histories. */
const countsOfTimes = [
  { status: 'all', groupBy: 'status' },
  { status: 'active', groupBy: 'asset' },
  { status: 'fixed', groupBy: 'severity' },
] as const;
const queriesOfTimes = (asOf: Date): string[] => {
  const before = new Date(asOf.getTime() - 3 * dayMs).toISOString();
  return [
    'status:new or severity:critical',
    'not status:fixed and not status:reopened',
    `firstFound:>=${before}`,
    `fixedAt:>=${before} or kev:true`,
    'asset:(detection:(status:active)) and status:fixed',
  ];
};

let database: ThrowAwayDatabase;
beforeAll(async () => {
  database = await throwAwayDatabase();
}, 60_000);
afterAll(() => database[Symbol.asyncDispose]());

/** Within the window of the fleet index, and before it; and before it once more when the index has read further back. */
const ages = [0.5, 6, 45];
const deepAges = [45];

/** Looking for a smaller history outlives the test, which then does not say what was wrong. */
const unshrunk = { endOnFailure: true };

/** What had no fix then has one now. */
const fixedLater: Step[] = [
  { hours: 0, kind: 'packages', asset: 0, versions: ['4', '2', null, null], way: 'twice', second: ['1', '2', null, '1'] },
  { hours: 0, kind: 'knowledge', beliefs: [null, { bookworm: null, score: 5 }, null, null] },
  { hours: 247, kind: 'knowledge', beliefs: [null, { bookworm: '3', score: 5 }, null, null] },
];

/** An asset that told of a running kernel and not of its packages. */
const neverScanned: Step[] = [
  { hours: 18, kind: 'kernel', asset: 1, version: '4' },
  { hours: 23, kind: 'packages', asset: 0, versions: ['3', '4', null, '2'], way: 'snapshot', second: ['1', null, null, '1'] },
  {
    hours: 11,
    kind: 'knowledge',
    beliefs: [null, null, { bookworm: '4', trixie: '4', score: null }, { bookworm: null, trixie: null, score: 9.8 }],
  },
];

/** What went, came back and went again, and meanwhile went elsewhere. */
const goneTwice: Step[] = [
  { hours: 0, kind: 'knowledge', beliefs: [{ bookworm: '3', score: 5 }, { bookworm: '3', score: 9.8 }, null, null] },
  ...(
    [
      [0, '1'],
      [1, '1'],
      [0, '3'],
      [0, '1'],
      [1, '3'],
      [0, '3'],
    ] as const
  ).map(([asset, version], at): Step => ({
    hours: at < 2 ? 0 : 10,
    kind: 'packages',
    asset,
    versions: [version, version, null, null],
    way: 'delta',
    second: [null, null, null, null],
  })),
];

it('lists and counts of the past say what the histories say, whatever has happened and however long ago', async () => {
  const property = fc.asyncProperty(steps, async (history) => {
    const world = new HistoryWorld(database.db, syncDocument);
    await world.begin();
    for (const step of history) await world.apply(step);
    await world.settle();
    const clock = () => new Date(world.now);
    await using fleetIndex = new FleetIndex({ db: world.db, log: pino({ level: 'silent' }), clock });
    const sources = { db: world.db, fleetIndex, clock, config: { silence } as never };
    for (const organizationId of world.organizationIds) {
      await compareOrders({ ...sources, organizationId, asOf: clock() });
      await compareOpenAt({ ...sources, organizationId, asOf: clock() });
      for (const age of ages) {
        const scope = { ...sources, organizationId, asOf: new Date(world.now - age * dayMs) };
        await compareAll(scope);
        await compareOrders(scope);
        await compareOpenAt(scope);
      }
    }
    await fleetIndex.deepen();
    for (const organizationId of world.organizationIds) {
      await compareOrders({ ...sources, organizationId, asOf: clock() });
      for (const age of deepAges) {
        const asOf = new Date(world.now - age * dayMs);
        const scope = { ...sources, organizationId, asOf, isDeep: true };
        await compareDetections(scope);
        await compareAssetsByTimes(scope);
        await compareLongOpen(scope);
        await compareOpenAt(scope);
      }
    }
  });
  await expect(
    fc.assert(property, { numRuns: 6, examples: [[fixedLater], [goneTwice], [neverScanned]], ...unshrunk }),
  ).resolves.toBeUndefined();
}, 300_000);

type Scope = Parameters<typeof countGroups>[0] & {
  readonly organizationId: string;
  readonly asOf: Date;
  readonly isDeep?: boolean;
};

async function compareAll(scope: Scope): Promise<void> {
  await compareCounts(scope);
  await compareDetections(scope);
  await compareSoftware(scope);
  await compareChecks(scope);
  await compareAssets(scope);
}

/** What is open now longer than since a moment, as deadlines ask. */
async function compareLongOpen(scope: Scope): Promise<void> {
  const { organizationId, asOf: moment, clock } = scope;
  const text = `firstFound:<${moment.toISOString()}`;
  const open = { organizationId, status: 'open' as const, ...page };
  const { query } = parseQuery(text, 'detection', 0);
  expect(indexAnswers(query, await scope.fleetIndex.current(organizationId))).toBe(true);
  const now = { query, past: null, scope: { organizationId, asOf: clock(), silence } };
  const plain = await findDetections(scope.db, await inHistories(scope, { ...open, ...now }));
  expect(await findByQuery(scope, { ...open, query: text, asOf: null })).toEqual(plain);
}

/** What was open at moments and in times: those at which something came or went, and others. */
async function compareOpenAt(scope: Scope): Promise<void> {
  const { organizationId, asOf, clock, db, fleetIndex } = scope;
  const isPast = asOf < clock();
  const index = await fleetIndex.at(organizationId, isPast ? asOf : null);
  const day = asOf.toISOString().slice(0, 10);
  const texts = (await changesBefore(scope)).flatMap((at) => {
    const [from, until] = [at, at + 12 * 3_600_000].map((ms) => new Date(ms).toISOString());
    const plain = ['', '>', '>=', '<', '<='].map((order) => `openAt:${order}${from}`);
    return [...plain, `openAt:${from}..${until}`, `openAt:${day}`].flatMap((text) => [`not ${text}`, `status:* and ${text}`]);
  });
  for (const text of texts) {
    const { query } = parseQuery(text, 'detection', 0);
    expect([text, indexAnswers(query, index)]).toEqual([text, isKnown(scope)]);
    const open = { organizationId, status: 'open' as const, ...page };
    const understood = { ...open, query, past: isPast ? asOf : null, scope: { organizationId, asOf, silence } };
    const plain = await findDetections(db, await inHistories(scope, understood));
    expect([text, await findByQuery(scope, { ...open, query: text, asOf: isPast ? asOf : null })]).toEqual([text, plain]);
  }
}

/** The last moments at which packages came or went, knowledge changed, and one of no meaning; in ms. */
async function changesBefore({ db, organizationId, asOf }: Scope): Promise<number[]> {
  const since = new Date(asOf.getTime() - 8 * dayMs);
  const { rows } = await sql<{ at: Date }>`
    select at from (
      select lower(during) as at from presence where organization_id = ${organizationId}
      union select upper(during) from presence where organization_id = ${organizationId} union select from_at from verdict
      union select until_at from verdict) as change
    where at between ${since} and ${asOf} order by at desc limit 2`.execute(db);
  return [...rows.map(({ at }) => at.getTime()), asOf.getTime() - 3 * dayMs];
}

async function compareCounts(scope: Scope): Promise<void> {
  const { organizationId, asOf } = scope;
  const wish = { organizationId, status: 'open' as const, exception: 'without' as const, limit: 500 };
  const sorted = ({ groups, detections }: { groups: readonly DetectionGroup[]; detections: number }) => ({
    detections,
    groups: groups.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  });
  for (const groupBy of groupings) {
    const plain = await countByHistories(scope, { ...wish, groupBy, asked: null, past: asOf });
    expect(sorted(await countGroups(scope, { ...wish, groupBy, asOf: asOf.toISOString() }))).toEqual(sorted(plain));
  }
  for (const { status, groupBy } of countsOfTimes) {
    const own = { ...wish, status, groupBy };
    const plain = await countByHistories(scope, { ...own, asked: null, past: asOf });
    const groups = sorted(await countGroups(scope, { ...own, asOf: asOf.toISOString() }));
    expect([status, groupBy, groups]).toEqual([status, groupBy, sorted(plain)]);
  }
  for (const query of [...queries, 'status:new or severity:critical']) {
    const asked = parseQuery(query, 'detection', 0).query;
    const plain = await countByHistories(scope, { ...wish, groupBy: 'check', asked, past: asOf });
    expect([query, sorted(await countGroups(scope, { ...wish, groupBy: 'check', query, asOf: asOf.toISOString() }))]).toEqual([
      query,
      sorted(plain),
    ]);
  }
}

/** Whether the index knows when detections came and went then. */
function isKnown({ asOf, clock, isDeep = false }: Scope): boolean {
  return isDeep || clock().getTime() - asOf.getTime() < 20 * dayMs;
}

/** Before the window assets cannot be asked for by what their detections were. */
function withinWindow(scope: Scope): string[] {
  return queriesOfTimes(scope.asOf).filter((text) => isKnown(scope) || !text.includes('asset:'));
}

async function compareDetections(scope: Scope): Promise<void> {
  const { organizationId, asOf, db } = scope;
  const open = { organizationId, status: 'open' as const, ...page };
  for (const text of [...queries, ...withinWindow(scope)]) {
    const { query } = parseQuery(text, 'detection', 0);
    const understood = { ...open, query, past: asOf, scope: { organizationId, asOf, silence } };
    const plain = await findDetections(db, await inHistories(scope, understood));
    expect([text, await findByQuery(scope, { ...open, query: text, asOf })]).toEqual([text, plain]);
  }
  const ofTimes = [{ status: 'fixed' }, { foundWithinDays: 3 }, { status: 'all', fixedWithinDays: 5 }] as const;
  const byRisk = { sort: 'risk', order: orderOf({ sort: 'risk', direction: 'ascending' }) } as const;
  for (const filter of [{}, { search: 'ssl' }, { severity: 4, ...byRisk }, ...ofTimes] as const) {
    const plain = await findDetections(db, { ...open, ...filter, asOf });
    expect([filter, await findInPast(scope, { ...open, ...filter, asOf })]).toEqual([filter, plain]);
  }
}

/** In these orders open and gone ones are not together. */
const ordersOfOpen: readonly DetectionSorting[] = ['package', 'lastFound'];
/** Of the past without those that ask when detections came: before the window they are of the histories. */
const ordersOfThen: readonly DetectionSorting[] = ['hostname', ...ordersOfOpen];

/** In every order, from the index of the moment; what was found before its log begins, in no order of time. */
async function compareOrders(scope: Scope): Promise<void> {
  const { organizationId, db, fleetIndex, asOf } = scope;
  const isPast = asOf < scope.clock();
  const find = isPast ? findInPast : findInFleet;
  const { deepSince, table } = await fleetIndex.at(organizationId, isPast ? asOf : null);
  // Before the window it is of the histories, which know all times.
  const since = isKnown(scope) ? deepSince : Number.NEGATIVE_INFINITY;
  const numbers = new Map(table.assets.map(({ assetId, number }) => [assetId, number]));
  const ofNow = DetectionSorting.exclude(['asset']).options.map(
    (sort) => [sort, ordersOfOpen.includes(sort) ? 'open' : 'all'] as const,
  );
  const ofThen = ordersOfThen.map((sort) => [sort, 'open'] as const);
  for (const [sort, status] of [...(isPast ? ofThen : ofNow), ['lastFound', 'fixed'] as const]) {
    for (const direction of SortDirection.options) {
      const order = orderOf({ sort, direction, status });
      const wish = { organizationId, status, asOf, ...page, sort, order };
      const { items, total } = await findDetections(db, wish);
      const time = status === 'fixed' ? 'lastFound' : sort === 'firstFound' ? sort : null;
      const expected = time ? within(items, { time, since, isNewestFirst: direction === 'descending', numbers }) : items;
      const named = expected.map(({ assetId, check }) => `${assetId} ${check}`);
      const found = await find(scope, wish);
      expect([sort, direction, found.items.map(({ assetId, check }) => `${assetId} ${check}`)]).toEqual([sort, direction, named]);
      expect([found.total, found.items.length]).toEqual([total, total]);
      const parts: string[] = [];
      for (let after: string | null | undefined; after !== null;) {
        const part = await find(scope, { ...wish, limit: 3, ...(after ? placeIn({ sort, direction, status, after }) : {}) });
        parts.push(...part.items.map(({ assetId, check }) => `${assetId} ${check}`));
        after = part.next;
      }
      expect([sort, direction, parts]).toEqual([sort, direction, named]);
    }
  }
}

/** Where the next page begins, in the order or worst first. */
function placeIn(wish: Parameters<typeof orderOf>[0] & { readonly after: string }) {
  const order = orderOf(wish);
  return order ? { order } : { after: readCursor(wish.after, wish.sort) };
}

/** What was found, or gone, before the index knows of times is worst first. */
function within(
  items: readonly Detection[],
  {
    time,
    since,
    isNewestFirst,
    numbers,
  }: {
    readonly time: 'firstFound' | 'lastFound';
    readonly since: number;
    readonly isNewestFirst: boolean;
    readonly numbers: ReadonlyMap<string, number>;
  },
): Detection[] {
  const isEarlier = (one: Detection): boolean => Date.parse(one[time]) < since;
  const confirmed = ({ confidence }: Detection): number => Number(confidence === 'confirmed');
  const numberOf = ({ assetId }: Detection): number => numbers.get(assetId) ?? 0;
  const compare = (a: Detection, b: Detection): number =>
    b.severity - a.severity || b.check - a.check || confirmed(b) - confirmed(a) || numberOf(a) - numberOf(b);
  const earlier = items.filter(isEarlier).toSorted(compare);
  const later = items.filter((item) => !isEarlier(item));
  return isNewestFirst ? [...later, ...earlier] : [...earlier, ...later];
}

async function compareSoftware(scope: Scope): Promise<void> {
  const { organizationId, asOf, db } = scope;
  const { items } = await findSoftware(scope, {
    organizationId,
    sort: 'name',
    direction: 'ascending',
    now: scope.clock(),
    asOf: asOf.toISOString(),
    ...page,
  });
  const { rows } = await sql<{ name: string; version: string; release: string; assets: number; detections: number }>`
    select name, version, release, count(distinct presence.asset_id)::integer as assets,
      count(distinct (presence.asset_id, check_number)) filter (where open)::integer as detections
    from presence join package_version on package_version.id = package_version_id
    left join (${derivedDetections({ organizationId, asOf })}) as detection
      on open and detection.asset_id = presence.asset_id and package_version_id = any(package_version_ids)
    where organization_id = ${organizationId} and presence.during @> ${asOf}::timestamptz
    group by name, version, ecosystem, release`.execute(db);
  const key = (one: (typeof rows)[number]) => JSON.stringify([one.name, one.version, one.release, one.assets, one.detections]);
  const listed = items.map(({ name, version, release, assets, detections }) =>
    key({ name, version, release, assets, detections }),
  );
  expect(listed.toSorted()).toEqual(rows.map(key).toSorted());
}

async function compareChecks(scope: Scope): Promise<void> {
  const { organizationId, asOf, db } = scope;
  const { items } = await findChecks(scope, {
    organizationId,
    sort: 'number',
    direction: 'ascending',
    now: scope.clock(),
    asOf,
    ...page,
  });
  const { rows } = await sql<{ check: number; assets: number }>`
    select check_number as check, count(*)::integer as assets
    from (${derivedDetections({ organizationId, asOf })}) as detection where open group by 1 order by 1`.execute(db);
  const found = items
    .filter(({ openAssets }) => openAssets > 0)
    .map(({ number, openAssets }) => ({ check: number, assets: openAssets }));
  expect(found).toEqual(rows);
}

async function compareAssets(scope: Scope): Promise<void> {
  const { organizationId, asOf, db } = scope;
  const wish = { organizationId, now: scope.clock(), asOf, silence, ...page };
  const lists = [await findAssets(scope, wish), await findAssets(scope, { ...wish, query: 'critical:>=0' })];
  const index = await scope.fleetIndex.at(organizationId, asOf);
  const plans = new Map(index.table.assets.map(({ assetId }, asset) => [assetId, planAssetFixes(index, usualContexts, asset)]));
  for (const { items } of lists) {
    for (const { assetId, detections, risk } of items) {
      const { risk: plainRisk, ...counts } = await countOfAsset(db, { organizationId, assetId, asOf, decisions: noDecisions });
      expect([assetId, detections, risk]).toEqual([assetId, counts, plainRisk]);
      const open = Object.values(counts).reduce((sum, count) => sum + count, 0);
      expect(plans.get(assetId)?.detectionsNow).toBe(open);
    }
  }
  expect(lists[1]).toEqual(lists[0]);
  await compareAssetsByTimes(scope);
}

async function compareAssetsByTimes(scope: Scope): Promise<void> {
  const { organizationId, asOf, db, clock } = scope;
  const wish = { organizationId, now: clock(), asOf, silence, ...page };
  for (const status of ['new', 'fixed'] as const) {
    const found = await findAssets(scope, { ...wish, query: `detection:(status:${status})` }).then(
      ({ items }) => items.map(({ assetId }) => assetId).sort(),
      ({ message }: Error) => /or not so far back/.exec(message)?.[0],
    );
    const { items } = await findDetections(db, { organizationId, status, asOf, ...page });
    const expected = [...new Set(items.map(({ assetId }) => assetId))].sort();
    expect([status, found]).toEqual([status, isKnown(scope) ? expected : 'or not so far back']);
  }
}
