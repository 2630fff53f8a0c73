import type { countDetections, DetectionGroup, DetectionGrouping, Remainder, Upgrade } from '@vedette/protocol';
import { parseQuery, type Query } from '@vedette/query';
import { sql } from 'kysely';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { countDays } from '../fleet-index/count-days.ts';
import {
  byStatus,
  countByCheck,
  countByPackage,
  countChecks,
  countEachAsset,
  groupAssets,
  type Select,
} from '../fleet-index/count-groups.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { windowAt } from '../fleet-index/past-index.ts';
import { canSelect, type DetectionFilter, wishOf } from '../fleet-index/select-detections.ts';
import { type DetectionWish, DetectionVisits } from '../fleet-index/visit-detections.ts';
import { whatRemains } from '../fleet-index/what-remains.ts';
import { prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { riskOfFleet, weigherOn } from '../risk/fleet-risk.ts';
import { ApiError } from '../http/api-error.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { indexAnswers, prepareWish, speaksOfFixed } from '../query/detection-query.ts';
import { readQuery } from '../query/read-query.ts';
import { isOfTimes, countByHistories } from './count-by-histories.ts';
import { newForDays } from './derive.ts';
import { hasNoFilter } from './find-by-query.ts';
import { packageVersionsAbout, subject } from './find-in-fleet.ts';
import { asGroups, type Groups, type GroupsWish, pageOfGroups } from './page-of-groups.ts';
import { severityCounts } from './severity-counts.ts';

type Filter = Omit<z.output<typeof countDetections.query>, 'groupBy' | keyof GroupsWish> & {
  readonly organizationId: string;
  readonly groupBy: DetectionGrouping;
};
type Wish = Filter & GroupsWish;
type Counts = z.output<typeof countDetections.reply>;

interface Past {
  /** Null for now. */
  readonly past: Date | null;
}

interface Counting {
  readonly index: OrganizationIndex;
  /** Sources by number of the package version. */
  readonly sources: ReadonlyMap<number, string>;
  readonly all: Select;
  /** The same in parts, each of another status. */
  readonly byStatus: readonly (readonly [status: string, select: Select])[];
  /** Whether all is everything that is open, which the index has counted already. */
  readonly isAllOpen: boolean;
  readonly dispose?: () => void;
}

type Sources = Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>;

/**
 * Detections by what they have in common, from the fleet index of now or of a moment of the past; what asks when those of the past came and
 * went, from the histories. Throws ApiError BAD_REQUEST for what it does not know, UNAVAILABLE while
 * it is being built.
 */
export async function countGroups(sources: Sources, wish: Wish): Promise<Counts> {
  const { groupBy, sort, direction, label, limit, offset, after, ...rest } = wish;
  const part = { sort, direction, label, limit, offset, after };
  const filter = { ...rest, groupBy };
  const asked = readQuery(wish.query, 'detection', sources.clock());
  const asOf = asked.asOf ?? (wish.asOf === undefined ? null : Date.parse(wish.asOf));
  const past = asOf === null || asOf >= sources.clock().getTime() ? null : new Date(asOf);
  if (past && isOfTimes(groupBy, wish, asked.query)) {
    refuseFixed(groupBy, wish.status === 'fixed' || wish.status === 'all' || speaksOfFixed(asked.query));
    const window = windowAt(await sources.fleetIndex.current(wish.organizationId), past);
    const isKnown = canSelect(window, wish, past.getTime()) && indexAnswers(asked.query, window);
    if (!isKnown) {
      const { groups, ...counted } = await countByHistories(sources, { ...filter, asked: asked.query, past });
      return { ...pageOfGroups(asGroups(groups), part), ...counted };
    }
  }
  const counting = asked.query
    ? await countByQuery(sources, { ...filter, asked: asked.query, past })
    : await countByFilter(sources, { ...filter, past });
  let detections = 0;
  counting.all(({ size }) => void (detections += size));
  const groups = groupBy === 'asset' ? ofAssets(counting.index, onEachAsset(counting)) : labelled(counting, groupBy);
  counting.dispose?.();
  return { ...pageOfGroups(groups, part), detections };
}

async function countByFilter(given: Sources, { past, ...wish }: Filter & Past): Promise<Counting> {
  const { db, fleetIndex, clock } = given;
  const { organizationId, groupBy, search } = wish;
  refuseFixed(groupBy, wish.status === 'fixed' || wish.status === 'all');
  const ids = search ? await packageVersionsAbout(db, search) : new Set<number>();
  const sources = groupBy === 'package' ? await loadSources(given, organizationId) : new Map<number, string>();
  const index = await fleetIndex.at(organizationId, past);
  const asOf = index.momentFor((past ?? clock()).getTime());
  // Of the past only where it is asked when detections came and went: all else an index of then knows of whatever moment.
  if ((!past || isOfTimes(groupBy, wish, null)) && !canSelect(index, wish, asOf)) throw tooFarBack();
  const about = search ? subject(index, search, ids) : undefined;
  const filter: DetectionFilter = { ...wish, about };
  const visits = visitsOf(index);
  return {
    index,
    sources,
    all: visits.of(wishOf(filter, { asOf, newForDays })),
    isAllOpen: hasNoFilter(wish),
    byStatus: byStatus(filter).map(([status, one]) => [status, visits.of(wishOf(one, { asOf, newForDays }))] as const),
    dispose: () => {
      visits.dispose();
      about?.assets.dispose();
    },
  };
}

async function countByQuery(sources: Sources, wish: Filter & Past & { readonly asked: Query }): Promise<Counting> {
  const { db, fleetIndex, clock, config } = sources;
  const { organizationId, groupBy, asked, past } = wish;
  if (!hasNoFilter(wish))
    throw new ApiError('BAD_REQUEST', 'query: beside a query nothing else filters what is counted; write it into the query');
  refuseFixed(groupBy, speaksOfFixed(asked));
  const names = groupBy === 'package' ? await loadSources(sources, organizationId) : new Map<number, string>();
  const scope = { organizationId, asOf: clock(), silence: config.silence };
  const all = await prepareWish(db, asked, scope, prepareAssets);
  const statuses: (readonly [string, typeof all])[] = [];
  for (const status of groupBy === 'status' ? ['new', 'active', 'reopened', 'fixed'] : []) {
    const own = parseQuery(`status:${status}`, 'detection', 0).query;
    // Without a word about fixed ones they are not meant.
    if (!own || (status === 'fixed' && !speaksOfFixed(asked))) continue;
    statuses.push([status, await prepareWish(db, { kind: 'and', parts: [asked, own] }, scope, prepareAssets)]);
  }
  const index = await fleetIndex.at(organizationId, past);
  const isOfUnknown = past && isOfTimes(groupBy, wish, asked) && !Number.isFinite(index.since);
  if (isOfUnknown || !indexAnswers(asked, index)) throw tooFarBack();
  const visits = visitsOf(index);
  return {
    index,
    sources: names,
    all: visits.of(all(index)),
    isAllOpen: false,
    byStatus: statuses.map(([status, one]) => [status, visits.of(one(index))] as const),
    dispose: visits.dispose,
  };
}

/** What is counted is visited more than once: what one visit worked out does for the next. */
function visitsOf(index: OrganizationIndex): { readonly of: (wish: DetectionWish) => Select; readonly dispose: () => void } {
  const stack = new DisposableStack();
  return { of: (wish) => stack.use(new DetectionVisits(index, wish)).all, dispose: () => stack.dispose() };
}

function refuseFixed(groupBy: DetectionGrouping, isWithFixed: boolean): void {
  if (isWithFixed && (groupBy === 'package' || groupBy === 'firstFound'))
    throw new ApiError('BAD_REQUEST', `query.groupBy: fixed detections are not counted by ${groupBy}; ask for open ones`);
}

function tooFarBack(): ApiError {
  return new ApiError('BAD_REQUEST', 'query: so far back detections are listed, not counted');
}

function labelled(counting: Counting, groupBy: Exclude<DetectionGrouping, 'asset'>): Groups {
  const { book } = counting.index;
  const labelOf = (key: string): string =>
    groupBy === 'check' ? (book.checks[book.placeOf(Number(key)) ?? -1]?.name ?? key) : key;
  return asGroups(count(groupBy, counting).map((group) => ({ ...group, label: labelOf(group.key) })));
}

/** Each asset with any of what was counted, by its dense number. */
function ofAssets({ table }: OrganizationIndex, counts: Float64Array): Groups {
  return {
    numbers: Uint32Array.from(counts.keys()).filter((asset) => (counts[asset] ?? 0) > 0),
    keyOf: (asset) => table.assets[asset]?.assetId ?? '',
    labelOf: (asset) => table.assets[asset]?.hostname ?? '',
    detectionsOf: (asset) => counts[asset] ?? 0,
    assetsOf: () => 1,
  };
}

function count(groupBy: Exclude<DetectionGrouping, 'asset'>, counting: Counting): Omit<DetectionGroup, 'label'>[] {
  const { index, sources, all, byStatus: parts } = counting;
  switch (groupBy) {
    case 'severity':
      return countByCheck(all, ({ severity }) => `${severity}`);
    case 'check':
      return countChecks(all);
    case 'package':
      return countByPackage(index, all, (id) => sources.get(id));
    case 'status':
      return parts.flatMap(([status, select]) => countByCheck(select, () => status));
    case 'firstFound':
      return countDays(index, all, onEachAsset(counting)).map((day) => ({ ...day, assets: null }));
    case 'os':
    case 'ecosystem':
    case 'release':
      return groupAssets(index, onEachAsset(counting), (asset) => asset[groupBy]);
  }
}

function onEachAsset({ index, all, isAllOpen }: Counting): Float64Array {
  return isAllOpen ? index.table.countEach() : countEachAsset(index, all);
}

/** Of package versions that verdicts speak of, as the index knows. */
async function loadSources({ db, fleetIndex }: Sources, organizationId: string): Promise<Map<number, string>> {
  const ids = [...(await fleetIndex.current(organizationId)).book.packageVersions()];
  const { rows } = await sql<{ id: number; source: string }>`
    select id, source from package_version where id = any(${ids}::integer[])`.execute(db);
  return new Map(rows.map(({ id, source }) => [id, source]));
}

/** What would stay open in the fleet. Throws ApiError UNAVAILABLE while the index is being built. */
export async function askWhatIf(
  { db, fleetIndex, clock, config }: Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>,
  organizationId: string,
  { checks, upgrades }: { readonly checks: readonly number[]; readonly upgrades: readonly Upgrade[] },
): Promise<{ now: Remainder; after: Remainder }> {
  const scope = { organizationId, asOf: clock(), silence: config.silence };
  const prepared = await prepareContexts(db, scope, { prepareAssets });
  const index = await fleetIndex.current(organizationId);
  const contexts = prepared?.(index) ?? usualContexts;
  const keys = upgrades.map(({ ecosystem, release, source }) => `${ecosystem} ${release} ${source}`);
  const { now, after } = whatRemains(index, { checks: new Set(checks), upgrades: new Set(keys) }, (assets) =>
    weigherOn(contexts, assets),
  );
  const count = index.table.assets.length;
  return { now: toRemainder(now, count), after: toRemainder(after, count) };
}

function toRemainder(
  { open, assets, weight }: { readonly open: readonly number[]; readonly assets: number; readonly weight: number },
  fleet: number,
): Remainder {
  return {
    risk: riskOfFleet(weight, fleet),
    open: severityCounts(open.map((number, at) => ({ severity: at + 1, count: number }))),
    assets,
  };
}
