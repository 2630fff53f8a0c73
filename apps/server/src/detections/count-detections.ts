import type { countDetections, DetectionGroup, DetectionGrouping, Remainder, Upgrade } from '@vedette/protocol';
import { parseQuery, type Query } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { prepareExceptedThen } from '../exceptions/excepted-then.ts';
import { countDays } from '../fleet-index/count-days.ts';
import {
  byStatus,
  countByAsset,
  countByCheck,
  countByPackage,
  countChecks,
  type Group,
  type Select,
} from '../fleet-index/count-groups.ts';
import { type Excepted, type ExceptionFilter, narrowToException, nothingExcepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import {
  canSelect,
  canSelectPast,
  type DetectionFilter,
  selectDetections,
  selectPast,
} from '../fleet-index/select-detections.ts';
import type { Selected } from '../fleet-index/selection.ts';
import { whatRemains } from '../fleet-index/what-remains.ts';
import { prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { riskOfFleet, weightOn } from '../risk/fleet-risk.ts';
import { ApiError } from '../http/api-error.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { indexAnswers, prepareDetections, type SelectDetections, speaksOfFixed } from '../query/detection-query.ts';
import { readQuery } from '../query/read-query.ts';
import { newForDays } from './derive.ts';
import { hasNoFilter } from './find-by-query.ts';
import { packageVersionsAbout, subject } from './find-in-fleet.ts';
import { severityCounts } from './severity-counts.ts';

type Wish = Omit<z.output<typeof countDetections.query>, 'groupBy'> & {
  readonly organizationId: string;
  readonly groupBy: DetectionGrouping;
};
type Counts = z.output<typeof countDetections.reply>;

interface Counting {
  readonly index: OrganizationIndex;
  /** Sources by number of the package version. */
  readonly sources: ReadonlyMap<number, string>;
  readonly all: Select;
  /** The same in parts, each of another status. */
  readonly byStatus: readonly (readonly [status: string, select: Select])[];
  readonly dispose?: () => void;
}

type Sources = Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>;

/**
 * Detections by what they have in common, from the fleet index. Throws ApiError BAD_REQUEST for what it does not know, UNAVAILABLE while
 * it is being built.
 */
export async function countGroups(sources: Sources, wish: Wish): Promise<Counts> {
  const { groupBy, limit } = wish;
  const asked = readQuery(wish.query, 'detection', sources.clock());
  const asOf = asked.asOf ?? (wish.asOf === undefined ? null : Date.parse(wish.asOf));
  const counting =
    asOf !== null && asOf < sources.clock().getTime()
      ? await countPast(sources, { ...wish, moment: asOf, isAsked: asked.query !== null })
      : asked.query
        ? await countByQuery(sources, { ...wish, asked: asked.query })
        : await countByFilter(sources, wish);
  let detections = 0;
  counting.all(({ size }) => void (detections += size));
  const groups = count(groupBy, counting);
  counting.dispose?.();
  const sorted = groups.toSorted((a, b) => b.detections - a.detections || (a.key < b.key ? -1 : 1));
  const shown = sorted.slice(0, limit).map((group) => labelled(counting.index, groupBy, group));
  return { groups: shown, total: groups.length, detections };
}

async function countByFilter({ db, fleetIndex, clock }: Sources, wish: Wish): Promise<Counting> {
  const { organizationId, groupBy, search } = wish;
  refuseFixed(groupBy, wish.status === 'fixed' || wish.status === 'all');
  const ids = search ? await packageVersionsAbout(db, search) : new Set<number>();
  const sources = groupBy === 'package' ? await loadSources(db) : new Map<number, string>();
  const index = await fleetIndex.current(organizationId);
  const asOf = index.momentFor(clock().getTime());
  if (!canSelect(index, wish, asOf)) throw tooFarBack();
  const about = search ? subject(index, search, ids) : undefined;
  const filter: DetectionFilter = { ...wish, about };
  const select =
    (one: DetectionFilter): Select =>
    (visit) =>
      selectDetections(index, one, { asOf, newForDays }, visit);
  return {
    index,
    sources,
    all: select(filter),
    byStatus: byStatus(filter).map(([status, one]) => [status, select(one)] as const),
    dispose: () => about?.assets.dispose(),
  };
}

async function countByQuery(sources: Sources, wish: Wish & { readonly asked: Query }): Promise<Counting> {
  const { db, fleetIndex, clock, config } = sources;
  const { organizationId, groupBy, asked } = wish;
  if (!hasNoFilter(wish))
    throw new ApiError('BAD_REQUEST', 'query: beside a query nothing else filters what is counted; write it into the query');
  refuseFixed(groupBy, speaksOfFixed(asked));
  const names = groupBy === 'package' ? await loadSources(db) : new Map<number, string>();
  const scope = { organizationId, asOf: clock(), silence: config.silence };
  const all = await prepareDetections(db, asked, scope, prepareAssets);
  const statuses: [string, SelectDetections][] = [];
  for (const status of groupBy === 'status' ? ['new', 'active', 'reopened', 'fixed'] : []) {
    const own = parseQuery(`status:${status}`, 'detection', 0).query;
    // Without a word about fixed ones they are not meant.
    if (!own || (status === 'fixed' && !speaksOfFixed(asked))) continue;
    statuses.push([status, await prepareDetections(db, { kind: 'and', parts: [asked, own] }, scope, prepareAssets)]);
  }
  const index = await fleetIndex.current(organizationId);
  if (!indexAnswers(asked, index.since)) throw tooFarBack();
  const select =
    (prepared: SelectDetections): Select =>
    (visit) =>
      prepared(index, visit);
  return { index, sources: names, all: select(all), byStatus: statuses.map(([status, one]) => [status, select(one)] as const) };
}

async function countPast(
  { db, fleetIndex, clock, config }: Sources,
  wish: Wish & { readonly moment: number; readonly isAsked: boolean },
): Promise<Counting> {
  const { organizationId, groupBy, moment, isAsked } = wish;
  const scope = { organizationId, asOf: clock(), silence: config.silence, moment: new Date(moment) };
  const prepared = await prepareExceptedThen(db, scope, prepareAssets);
  const index = await fleetIndex.current(organizationId);
  const isKnown = groupBy !== 'status' && groupBy !== 'package' && groupBy !== 'firstFound';
  if (isAsked || !isKnown || !canSelectPast(index, wish, moment)) {
    const since = new Date(index.since).toISOString().slice(0, 10);
    const message = `query: of the past, open detections since ${since} are counted, without a query, by severity, check, asset or what is of the asset`;
    throw new ApiError('BAD_REQUEST', message);
  }
  const excepted = prepared?.(index) ?? nothingExcepted;
  const all: Select = (visit) =>
    selectPast(index, wish, moment, (selected) => visitUncovered(selected, { excepted, filter: wish.exception }, visit));
  return { index, sources: new Map(), all, byStatus: [] };
}

/** What of it the filter wants: the index itself leaves out only what is covered now. */
function visitUncovered(
  selected: Selected,
  { excepted, filter }: { readonly excepted: Excepted; readonly filter: ExceptionFilter | undefined },
  visit: (selected: Selected) => void,
): void {
  const { place, check, confirmed, severity } = selected;
  if (filter === 'with' || (filter !== 'only' && !excepted.byPlace.has(place))) return visit(selected);
  const assets = new RoaringBitmap32(selected.assets);
  narrowToException(excepted, place, { assets, filter });
  if (!assets.isEmpty) visit({ place, check, confirmed, severity, size: assets.size, likeness: null, assets });
  assets.dispose();
}

function refuseFixed(groupBy: DetectionGrouping, isWithFixed: boolean): void {
  if (isWithFixed && (groupBy === 'package' || groupBy === 'firstFound'))
    throw new ApiError('BAD_REQUEST', `query.groupBy: fixed detections are not counted by ${groupBy}; ask for open ones`);
}

function tooFarBack(): ApiError {
  return new ApiError('BAD_REQUEST', 'query: so far back detections are listed, not counted');
}

function count(groupBy: DetectionGrouping, { index, sources, all, byStatus: parts }: Counting): Omit<DetectionGroup, 'label'>[] {
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
      return countDays(index, all).map((day) => ({ ...day, assets: null }));
    case 'asset':
      return countByAsset(index, all, ({ assetId }) => assetId);
    case 'os':
    case 'ecosystem':
    case 'release':
      return countByAsset(index, all, (asset) => asset[groupBy]);
  }
}

function labelled(
  index: OrganizationIndex,
  groupBy: DetectionGrouping,
  group: Omit<Group, 'assets'> & { assets: number | null },
): DetectionGroup {
  if (groupBy === 'check')
    return { ...group, label: index.book.checks[index.book.placeOf(Number(group.key)) ?? -1]?.name ?? group.key };
  if (groupBy !== 'asset') return { ...group, label: group.key };
  return { ...group, label: index.table.assets.find(({ assetId }) => assetId === group.key)?.hostname ?? group.key };
}

/** Of package versions that verdicts speak of. */
async function loadSources(db: Kysely<Database>): Promise<Map<number, string>> {
  const { rows } = await sql<{ id: number; source: string }>`
    select id, source from package_version where id in (select package_version_id from verdict)`.execute(db);
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
  const { now, after } = whatRemains(index, { checks: new Set(checks), upgrades: new Set(keys) }, (found, assets) =>
    weightOn(contexts, found, assets),
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
