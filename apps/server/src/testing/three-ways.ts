import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { foldHistory } from '../db/fold-history.ts';
import type { Database } from '../db/schema.ts';
import { countDays } from '../fleet-index/count-days.ts';
import { countEachAsset } from '../fleet-index/count-groups.ts';
import { derivedDetections, newForDays, statusOf } from '../detections/derive.ts';
import { FleetIndex } from '../fleet-index/fleet-index.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { selectPast, wishOf } from '../fleet-index/select-detections.ts';
import { DetectionVisits } from '../fleet-index/visit-detections.ts';
import {
  type Belief,
  HistoryWorld,
  type Judged,
  type MakeDocument,
  packageNames,
  type Step,
  type Versions,
  type Way,
} from './history-world.ts';

/** What is said of one check on one asset. Times in ms; null where it is not known or not so. */
interface Answer {
  readonly status: string;
  readonly firstFound: number | null;
  readonly fixedAt: number | null;
  readonly confirmed: boolean;
}

type Answers = ReadonlyMap<string, Answer>;

const day = 24 * 3_600_000;
const version = fc.option(fc.constantFrom('1', '2', '3', '4'), { nil: null, freq: 4 });
const versions: fc.Arbitrary<Versions> = fc.tuple(...packageNames.map(() => version));
const belief: fc.Arbitrary<Belief | null> = fc.option(
  fc.record({
    bookworm: fc.option(version, { nil: undefined, freq: 4 }),
    trixie: fc.option(version, { nil: undefined }),
    score: fc.constantFrom(null, 5, 9.8),
  }),
  { nil: null, freq: 3 },
);
// Often nothing passes between two events: times that are equal are the hard ones.
/** Histories are kept whole for longer than the index looks back by itself, as VEDETTE_HISTORY_DAYS is at least 60. */
const keptDays = 32;
const hours = fc.oneof(fc.constant(0), fc.nat(48), fc.nat(400));
const asset = fc.nat(2);
const way: fc.Arbitrary<Way> = fc.constantFrom('delta', 'delta', 'snapshot', 'twice', 'reordered', 'unjudged');

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ hours, kind: fc.constant('packages' as const), asset, versions, way, second: versions }),
    },
    { weight: 2, arbitrary: fc.record({ hours, kind: fc.constant('kernel' as const), asset, version }) },
    { weight: 1, arbitrary: fc.record({ hours, kind: fc.constant('release' as const), asset, release: fc.nat(1) }) },
    {
      weight: 4,
      arbitrary: fc.record({ hours, kind: fc.constant('knowledge' as const), beliefs: fc.tuple(belief, belief, belief, belief) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        hours,
        kind: fc.constantFrom('judge' as const, 'look', 'rebuild', 'verify', 'fold', 'deepen', 'deepenSome'),
      }),
    },
  ),
  { minLength: 1, maxLength: 16 },
);

/**
 * Plays a history and compares what three ways say of it: the fleet index, the SQL over the histories, and the matcher run on each
 * asset's snapshot at every moment; now, and the last two also at moments of the past. Throws an Error that shows the difference.
 */
export async function compareThreeWays(
  db: Kysely<Database>,
  makeDocument: MakeDocument,
  history: readonly Step[],
): Promise<void> {
  const world = new HistoryWorld(db, makeDocument);
  await world.begin();
  const open = (): FleetIndex => new FleetIndex({ db, log: pino({ level: 'silent' }), clock: () => new Date(world.now) });
  let index = open();
  // Follows from the beginning, whatever becomes of the other.
  const other = open();
  try {
    await other.current('');
    for (const step of history) {
      await world.apply(step);
      if (step.kind === 'rebuild') {
        await index[Symbol.asyncDispose]();
        index = open();
      } else if (step.kind === 'look') await compareNow(world, index, other);
      else if (step.kind === 'verify') same('verified', await healedBy(index), 0);
      else if (step.kind === 'deepen') await index.deepen();
      else if (step.kind === 'deepenSome') await index.deepen({ pages: 1 });
      else if (step.kind === 'fold') {
        await compareNow(world, index, other);
        for (const partition of ['inventory_change_past', 'inventory_change_rest']) {
          await foldHistory(db, { partitions: [partition], before: new Date(world.now - keptDays * day) });
        }
      }
    }
    await compareNow(world, index, other);
    for (const days of [0.5, 6, 30, 60]) await comparePast(world, world.now - days * day, [index, other]);
    same('healed by the verification', await healedBy(other), 0);
  } finally {
    await index[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  }
}

async function healedBy(index: FleetIndex): Promise<number> {
  const { healedAssets, healedPackages } = await index.verify();
  return healedAssets + healedPackages;
}

async function compareNow(world: HistoryWorld, ...indexes: readonly FleetIndex[]): Promise<void> {
  await world.settle();
  for (const organizationId of world.organizationIds) {
    const bySql = await askSql(world.db, organizationId, world.now);
    same('SQL and matcher', bySql, askMatcher(world, organizationId, world.now));
    for (const fleet of indexes) {
      const index = await fleet.current(organizationId);
      for (const since of [index.since, index.deepSince])
        same('index and SQL', askIndex(index, world.now, since), withinWindow(bySql, since));
      checkVisits(index, index.momentFor(world.now));
      checkDays(index, bySql, index.momentFor(world.now));
    }
  }
}

/** Sizes are those of the assets, and what is said to be alike is so, in the first visit as in the next. */
function checkVisits(index: OrganizationIndex, asOf: number): void {
  for (const status of ['open', 'new', 'active', 'reopened', 'fixed', 'all'] as const) {
    using visits = new DetectionVisits(index, wishOf({ status }, { asOf, newForDays }));
    const alike = new Map<number, number[]>();
    for (let round = 0; round < 2; round += 1) {
      visits.all(({ likeness, size, assets, check }) => {
        const all = assets.toArray();
        same(`number and set of ${status} assets of ${check.number}`, size, all.length);
        if (likeness !== null) same(`assets of checks like ${check.number}`, alike.get(likeness) ?? all, all);
        if (likeness !== null) alike.set(likeness, all);
      });
    }
  }
}

/** Whether counts are taken from the index or from what is visited: by day, everything open and everything new. */
function checkDays(index: OrganizationIndex, bySql: Answers, asOf: number): void {
  const firstDay = (Math.floor(index.since / day) + 1) * day;
  const dayOf = (at: number | null): string =>
    at === null || at < firstDay ? 'earlier' : new Date(at).toISOString().slice(0, 10);
  for (const status of ['open', 'new'] as const) {
    const wanted = [...bySql.values()].filter((one) => (status === 'open' ? one.status !== 'fixed' : one.status === status));
    const byDay = Map.groupBy(wanted, ({ firstFound }) => dayOf(firstFound));
    const expected = Array.from(byDay, ([key, found]) => ({ key, detections: found.length }));
    using visits = new DetectionVisits(index, wishOf({ status }, { asOf, newForDays }));
    const visited = countEachAsset(index, visits.all);
    for (const each of status === 'open' ? [visited, index.table.countEach()] : [visited]) {
      const counted = countDays(index, visits.all, each);
      same(`${status} by day`, counted.toSorted(byKey), expected.toSorted(byKey));
    }
  }
}

function byKey(one: { readonly key: string }, other: { readonly key: string }): number {
  return one.key < other.key ? -1 : 1;
}

async function comparePast(world: HistoryWorld, asOf: number, indexes: readonly FleetIndex[]): Promise<void> {
  for (const organizationId of world.organizationIds) {
    const bySql = await askSql(world.db, organizationId, asOf);
    const moment = new Date(asOf).toISOString();
    same(`SQL and matcher ${moment}`, bySql, askMatcher(world, organizationId, asOf));
    const open = [...bySql].flatMap(([key, { status, confirmed }]) => (status === 'fixed' ? [] : [`${key} ${confirmed}`]));
    for (const fleet of indexes) {
      const index = await fleet.current(organizationId);
      if (asOf >= index.since) same(`index and SQL ${moment}`, askPast(index, asOf), open.sort());
      const past = await fleet.at(organizationId, new Date(asOf));
      same(`index of ${moment} and SQL`, askOpen(past), open.sort());
      if (Number.isFinite(past.since)) {
        same(`times of ${moment} and SQL`, askIndex(past, asOf, past.since), withinWindow(bySql, past.since));
        checkVisits(past, asOf);
        checkDays(past, bySql, asOf);
      }
      same(`packages of ${moment}`, askPackages(past), await packagesAt(world.db, organizationId, new Date(asOf)));
    }
  }
}

function askPast(index: OrganizationIndex, asOf: number): string[] {
  const open: string[] = [];
  selectPast(index, { status: 'open' }, asOf, ({ assets, size, check, confirmed }) => {
    same(`number and set of assets of ${check.number}`, size, assets.size);
    for (const asset of assets.toUint32Array()) open.push(`${index.table.assets[asset]?.assetId} ${check.number} ${confirmed}`);
  });
  return open.sort();
}

/** What is open in an index, as its sets and as the counts of its assets say. */
function askOpen(index: OrganizationIndex): string[] {
  const open: string[] = [];
  const counts = [0, 0, 0, 0, 0];
  for (const [place, found] of index.checks.entries()) {
    const check = index.book.checks[place];
    for (const asset of found?.open.toUint32Array() ?? []) {
      const confirmed = found?.stateOf(asset) === 2;
      const severity = (confirmed ? (check?.severity ?? 1) : 1) - 1;
      counts[severity] = (counts[severity] ?? 0) + 1;
      open.push(`${index.table.assets[asset]?.assetId} ${check?.number} ${confirmed}`);
    }
  }
  same('counts and sets', index.table.countAll(), counts);
  const byAsset = Map.groupBy(open, (key) => key.split(' ')[0]);
  const each = index.table.assets.map(({ assetId }) => byAsset.get(assetId)?.length ?? 0);
  same('counts of each asset and sets', [...index.table.countEach()], each);
  return open.sort();
}

function askPackages({ table, packages }: OrganizationIndex): string[] {
  return table.assets.flatMap(({ assetId }, asset) => Array.from(packages.idsOf(asset), (id) => `${assetId} ${id}`)).sort();
}

async function packagesAt(db: Kysely<Database>, organizationId: string, moment: Date): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    select distinct asset_id || ' ' || package_version_id as key from presence
    where organization_id = ${organizationId} and during @> ${moment}::timestamptz`.execute(db);
  return rows.map(({ key }) => key).sort();
}

function same(what: string, one: unknown, other: unknown): void {
  if (isDeepStrictEqual(one, other)) return;
  const show = (value: unknown) => JSON.stringify(value instanceof Map ? [...value] : value);
  throw new Error(`${what} differ:\n${show(one)}\n${show(other)}`);
}

async function askSql(db: Kysely<Database>, organizationId: string, asOf: number): Promise<Answers> {
  const moment = new Date(asOf);
  const { rows } = await sql<{ key: string; status: string; firstFound: Date; fixedAt: Date | null; confirmed: boolean }>`
    select asset_id || ' ' || check_number as key, ${statusOf(moment)} as status, first_found, fixed_at, confirmed
    from (${derivedDetections({ organizationId, asOf: moment })}) as detection`.execute(db);
  return new Map(
    rows.map(({ key, status, firstFound, fixedAt, confirmed }) => [
      key,
      { status, firstFound: firstFound.getTime(), fixedAt: fixedAt?.getTime() ?? null, confirmed },
    ]),
  );
}

/** The index knows times within its window only. */
function withinWindow(answers: Answers, since: number): Answers {
  const known = (at: number | null) => (at === null || at < since ? null : at);
  return new Map(
    [...answers].map(([key, answer]) => [
      key,
      { ...answer, firstFound: known(answer.firstFound), fixedAt: known(answer.fixedAt) },
    ]),
  );
}

/** `since`: from where on times are told. */
function askIndex(index: OrganizationIndex, asOf: number, since: number): Answers {
  const found = new Map<string, number>();
  const fixed = new Map<string, number>();
  index.log.forEach(since, ({ assets, place, at, from, to, first }) => {
    for (const one of typeof assets === 'number' ? [assets] : assets.toUint32Array()) {
      const key = `${one} ${place}`;
      if (from === 0 && first) found.set(key, at);
      if (to === 0) fixed.set(key, Math.max(at, fixed.get(key) ?? 0));
    }
  });
  const answers: [string, Answer][] = [];
  for (const [place, check] of index.checks.entries()) {
    if (!check) continue;
    for (const [dense, { assetId }] of index.table.assets.entries()) {
      const state = check.stateOf(dense);
      const wasFixed = check.wasFixed.has(dense);
      if (state === 0 && !wasFixed) continue;
      const birth = index.table.birth(dense);
      const firstFound = found.get(`${dense} ${place}`) ?? (birth >= since ? birth : null);
      const fixedAt = state === 0 ? (fixed.get(`${dense} ${place}`) ?? null) : null;
      const status = statusIn({ isOpen: state > 0, wasFixed, firstFound }, asOf);
      const confirmed = state === 0 ? !check.doubtful.has(dense) : state === 2;
      answers.push([`${assetId} ${index.book.checks[place]?.number}`, { status, firstFound, fixedAt, confirmed }]);
    }
  }
  return new Map(answers.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function statusIn(of: { isOpen: boolean; wasFixed: boolean; firstFound: number | null }, asOf: number): string {
  if (!of.isOpen) return 'fixed';
  if (of.wasFixed) return 'reopened';
  return of.firstFound !== null && of.firstFound >= asOf - newForDays * day ? 'new' : 'active';
}

function askMatcher(world: HistoryWorld, organizationId: string, asOf: number): Answers {
  const answers: [string, Answer][] = [];
  for (const { assetId } of world.assets.filter((one) => one.organizationId === organizationId)) {
    const judged = (world.judged.get(assetId) ?? []).filter(({ at }) => at <= asOf);
    for (const check of new Set(judged.flatMap(({ found }) => [...found.keys()]))) {
      answers.push([`${assetId} ${check}`, replay(judged, check, asOf)]);
    }
  }
  return new Map(answers.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function replay(judged: readonly Judged[], check: number, asOf: number): Answer {
  const stretches: { from: number; until: number | null }[] = [];
  for (const { at, found } of judged) {
    const last = stretches.at(-1);
    const isOpen = last?.until === null;
    if (found.has(check) && !isOpen) stretches.push({ from: at, until: null });
    if (!found.has(check) && isOpen) last.until = at;
  }
  const [first, last] = [stretches[0], stretches.at(-1)];
  const isOpen = last?.until === null;
  const firstFound = first?.from ?? null;
  const status = statusIn({ isOpen, wasFixed: stretches.length > (isOpen ? 1 : 0), firstFound }, asOf);
  const states = judged.map(({ found }) => found.get(check) ?? false);
  return {
    status,
    firstFound,
    fixedAt: last?.until ?? null,
    confirmed: isOpen ? (states.at(-1) ?? false) : states.includes(true),
  };
}
