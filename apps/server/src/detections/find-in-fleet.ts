import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { type Decisions, loadDecisions, noDecisions, prepareDecisions } from '../decisions/decisions.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { pageByAsset, type SelectWithin } from '../fleet-index/page-by-asset.ts';
import { windowAt } from '../fleet-index/past-index.ts';
import { pageOfDetections } from '../fleet-index/page-of-detections.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { canSelect, canSelectPast, selectPast, type Subject, wishOf } from '../fleet-index/select-detections.ts';
import { type DetectionWish, DetectionVisits } from '../fleet-index/visit-detections.ts';
import { prepareAssets } from '../query/asset-query.ts';
import type { QueryScope } from '../query/prepare-assets.ts';
import { writePlace } from '../http/list-cursor.ts';
import { type AssetContexts, prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { type AskedOfOrder, askForOrder, refuseGone } from './ask-for-order.ts';
import { writeCursor } from './cursor.ts';
import { newForDays } from './derive.ts';
import { findByHistories } from './find-by-histories.ts';
import { containing } from './like.ts';
import { isOrderOfTimes, pageByOrder, type Visited } from './page-by-order.ts';
import { type DetectionList, type DetectionQuery, findDetections } from './store.ts';

type Sources = Pick<Context, 'db' | 'fleetIndex' | 'config' | 'clock'>;

/**
 * Detections of now: which ones and how many from the fleet index, when they were found and on what from the histories, of the page
 * alone. What the index does not know (one asset's, fixed ones by package, times before its window) is derived from the histories.
 * Throws ApiError UNAVAILABLE while the index is being built.
 */
export async function findInFleet({ db, fleetIndex, config }: Sources, query: DetectionQuery): Promise<DetectionList> {
  const scope = { ...query, silence: config.silence };
  // One asset's history is short.
  if (query.assetId !== undefined) return findDecided({ db, fleetIndex }, scope, null);
  const { organizationId, search, sort } = query;
  refuseGone(sort, query.status);
  const asked = await askForOrder({ db, fleetIndex }, { organizationId, sort, status: query.status, past: null });
  const decide = await prepareDecisions(db, scope, null);
  const weigh = await prepareContexts(db, scope, { prepareAssets });
  const ids = search ? await packageVersionsAbout(db, search) : new Set<number>();
  const index = await fleetIndex.current(organizationId);
  const asOf = index.momentFor(query.asOf.getTime());
  const decisions = decide?.(index) ?? noDecisions;
  if (!canSelect(index, query, asOf)) return findByHistories(db, { ...query, decisions });
  return selectPage(db, index, { query, asOf, decisions, ids, asked, contexts: weigh?.(index) });
}

/**
 * Detections as of a moment: what was open from the index, of now within its window and otherwise of then; what asks when they came and
 * went from the histories. Throws ApiError UNAVAILABLE while the index is being built.
 */
export async function findInPast({ db, fleetIndex, config, clock }: Sources, query: DetectionQuery): Promise<DetectionList> {
  const { organizationId, asOf } = query;
  // What assets are is of now, also where tags and exceptions ask for it.
  const scope = { ...query, asOf: clock(), silence: config.silence };
  const isOfFilter = query.status !== 'open' || query.foundWithinDays !== undefined || query.fixedWithinDays !== undefined;
  const isOfTimes = isOfFilter || isOrderOfTimes(query.sort);
  const isKnown = !isOfTimes || canSelect(windowAt(await fleetIndex.current(organizationId), asOf), query, asOf.getTime());
  if (query.assetId === undefined) refuseGone(query.sort, query.status);
  if (query.assetId !== undefined || !isKnown) return findDecided({ db, fleetIndex }, { ...scope, asOf }, asOf);
  const asked = await askForOrder({ db, fleetIndex }, { organizationId, sort: query.sort, status: query.status, past: asOf });
  const decide = await prepareDecisions(db, scope, asOf);
  const weigh = await prepareContexts(db, scope, { prepareAssets, moment: asOf });
  const ids = query.search ? await packageVersionsAbout(db, query.search) : new Set<number>();
  const now = await fleetIndex.current(organizationId);
  // Which package versions an asset had then, on which exceptions depend, the index of now does not know.
  const isOrderOfThen = isOrderOfTimes(query.sort) || query.sort === 'package';
  const isPlain = !isOrderOfThen && query.exception !== 'only' && (decide?.(now) ?? noDecisions).exceptions().length === 0;
  if (isPlain && canSelectPast(now, query, asOf.getTime())) {
    const select: SelectWithin = (visit, assets) => selectPast(now, { ...query, assets }, asOf.getTime(), visit);
    const page = pageBySort({ index: now, select, wished: null, asked, contexts: weigh?.(now) ?? usualContexts }, query);
    return loadPage(db, { organizationId, asOf, decisions: decide?.(now) ?? noDecisions }, page);
  }
  const index = await fleetIndex.at(organizationId, asOf);
  // The window moved on meanwhile.
  if (isOfTimes && !canSelect(index, query, asOf.getTime())) return findDecided({ db, fleetIndex }, { ...scope, asOf }, asOf);
  const decisions = decide?.(index.present) ?? noDecisions;
  const contexts = weigh?.(index.present);
  return selectPage(db, index, { query, asOf: asOf.getTime(), decisions, ids, asked, contexts });
}

interface Selection {
  readonly query: DetectionQuery;
  readonly asOf: number;
  readonly decisions: Decisions;
  /** Of the package versions that the search is about. */
  readonly ids: ReadonlySet<number>;
  readonly asked: AskedOfOrder;
  readonly contexts: AssetContexts | undefined;
}

/** A page of what an index selects, with what the histories say of it. */
async function selectPage(
  db: Kysely<Database>,
  index: OrganizationIndex,
  { query, asOf, decisions, ids, ...order }: Selection,
): Promise<DetectionList> {
  const { organizationId, search } = query;
  const about = search ? subject(index, search, ids) : undefined;
  const wished = wishOf({ ...query, about }, { asOf, newForDays });
  const page = pageOfVisits(index, { ...query, ...order }, wished);
  about?.assets.dispose();
  return loadPage(db, { organizationId, asOf: new Date(asOf), decisions }, page);
}

async function findDecided(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  query: DetectionQuery & QueryScope,
  moment: Date | null,
): Promise<DetectionList> {
  return findByHistories(db, { ...query, decisions: await loadDecisions({ db, fleetIndex }, query, moment) });
}

interface SortedPage {
  readonly total: number;
  readonly items: readonly { readonly check: number; readonly assetId: string }[];
  readonly next: string | null;
}

type PageWish = Pick<DetectionQuery, 'sort' | 'order' | 'limit' | 'offset' | 'after'>;

/** One page of the detections that are wished, in the order that is asked for. */
export function pageOfVisits(
  index: OrganizationIndex,
  {
    contexts = usualContexts,
    asked,
    ...wish
  }: PageWish & {
    readonly contexts: AssetContexts | undefined;
    readonly asked: AskedOfOrder;
  },
  wished: DetectionWish,
): SortedPage {
  using visits = new DetectionVisits(index, wished);
  return pageBySort({ index, contexts, select: visits.all, wished, asked }, wish);
}

/** One page of what is visited, in the order that is asked for. */
function pageBySort(visited: Visited, { sort, order, ...wish }: PageWish): SortedPage {
  if (order) {
    const { last, ...page } = pageByOrder(visited, order, wish);
    return { ...page, next: last && writePlace(order.name, last) };
  }
  const isByAsset = sort === 'asset';
  const take = isByAsset ? pageByAsset : pageOfDetections;
  const { last, ...page } = take(visited.index, wish, visited.select);
  return { ...page, next: last && writeCursor(last, isByAsset) };
}

/** The detections of a page in its order; what has gone since the page was made is left out. */
export async function loadPage(
  db: Kysely<Database>,
  scope: Pick<DetectionQuery, 'organizationId' | 'asOf' | 'decisions'>,
  { total, items: among, next }: SortedPage,
): Promise<DetectionList> {
  if (among.length === 0) return { total, items: [], next };
  const { items } = await findDetections(db, {
    ...scope,
    among,
    status: 'all',
    exception: 'with',
    limit: among.length,
    offset: 0,
  });
  const found = new Map(items.map((item) => [`${item.assetId} ${item.check}`, item]));
  return { total, items: among.flatMap(({ assetId, check }) => found.get(`${assetId} ${check}`) ?? []), next };
}

/** Package versions whose name or source holds the text. */
export async function packageVersionsAbout(db: Kysely<Database>, search: string): Promise<Set<number>> {
  const pattern = containing(search);
  const { rows } = await sql<{ ids: string }>`
    select coalesce(array_agg(id), '{}')::text as ids from package_version
    where name ilike ${pattern} or source ilike ${pattern}`.execute(db);
  return new Set(parseNumbers(rows[0]?.ids ?? '{}'));
}

/** What a search is about; the caller disposes its assets. */
export function subject(index: OrganizationIndex, search: string, packageVersions: ReadonlySet<number>): Subject {
  const text = search.toLowerCase();
  const assets = index.table.where(({ hostname }) => hostname.toLowerCase().includes(text));
  return { packageVersions, assets, nameIncludes: text };
}
