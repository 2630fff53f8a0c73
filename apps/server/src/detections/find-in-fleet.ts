import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { loadDecisions, noDecisions, prepareDecisions } from '../decisions/decisions.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { pageByAsset, type SelectWithin } from '../fleet-index/page-by-asset.ts';
import { windowAt } from '../fleet-index/past-index.ts';
import { type DetectionPage, type DetectionPlace, pageOfDetections } from '../fleet-index/page-of-detections.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { canSelect, canSelectPast, selectPast, type Subject, wishOf } from '../fleet-index/select-detections.ts';
import { type DetectionWish, DetectionVisits } from '../fleet-index/visit-detections.ts';
import { prepareAssets } from '../query/asset-query.ts';
import type { QueryScope } from '../query/detection-query.ts';
import { type AssetContexts, prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { pageByRisk, type RiskPlace } from '../risk/page-by-risk.ts';
import { writeCursor } from './cursor.ts';
import { newForDays } from './derive.ts';
import { findByHistories } from './find-by-histories.ts';
import { containing } from './like.ts';
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
  if (query.assetId !== undefined || query.order) return findDecided({ db, fleetIndex }, scope, null);
  const { organizationId, search } = query;
  const decide = await prepareDecisions(db, scope, null);
  const weigh = await prepareContexts(db, scope, { prepareAssets });
  const ids = search ? await packageVersionsAbout(db, search) : new Set<number>();
  const index = await fleetIndex.current(organizationId);
  const asOf = index.momentFor(query.asOf.getTime());
  const decisions = decide?.(index) ?? noDecisions;
  if (!canSelect(index, query, asOf)) return findByHistories(db, { ...query, decisions });
  const about = search ? subject(index, search, ids) : undefined;
  const page = pageOfVisits(index, { ...query, contexts: weigh?.(index) }, wishOf({ ...query, about }, { asOf, newForDays }));
  about?.assets.dispose();
  return loadPage(db, { organizationId, asOf: new Date(asOf), decisions }, page);
}

/**
 * Detections as of a moment: what was open from the index, of now within its window and otherwise of then; what asks when they came and
 * went from the histories. Throws ApiError UNAVAILABLE while the index is being built.
 */
export async function findInPast({ db, fleetIndex, config, clock }: Sources, query: DetectionQuery): Promise<DetectionList> {
  const { organizationId, asOf } = query;
  // What assets are is of now, also where tags and exceptions ask for it.
  const scope = { ...query, asOf: clock(), silence: config.silence };
  const isOfTimes = query.status !== 'open' || query.foundWithinDays !== undefined || query.fixedWithinDays !== undefined;
  const isKnown = !isOfTimes || canSelect(windowAt(await fleetIndex.current(organizationId), asOf), query, asOf.getTime());
  if (query.assetId !== undefined || query.order || !isKnown) return findDecided({ db, fleetIndex }, { ...scope, asOf }, asOf);
  const decide = await prepareDecisions(db, scope, asOf);
  const weigh = await prepareContexts(db, scope, { prepareAssets, moment: asOf });
  const ids = query.search ? await packageVersionsAbout(db, query.search) : new Set<number>();
  const now = await fleetIndex.current(organizationId);
  // Which package versions an asset had then, on which exceptions depend, the index of now does not know.
  const isPlain = query.exception !== 'only' && (decide?.(now) ?? noDecisions).exceptions().length === 0;
  if (isPlain && canSelectPast(now, query, asOf.getTime())) {
    const page = pageBySort(now, { ...query, contexts: weigh?.(now) }, (visit, assets) =>
      selectPast(now, { ...query, assets }, asOf.getTime(), visit),
    );
    return loadPage(db, { organizationId, asOf, decisions: decide?.(now) ?? noDecisions }, page);
  }
  const index = await fleetIndex.at(organizationId, asOf);
  // The window moved on meanwhile.
  if (isOfTimes && !canSelect(index, query, asOf.getTime())) return findDecided({ db, fleetIndex }, { ...scope, asOf }, asOf);
  const about = query.search ? subject(index, query.search, ids) : undefined;
  const wished = wishOf({ ...query, about }, { asOf: asOf.getTime(), newForDays });
  const page = pageOfVisits(index, { ...query, contexts: weigh?.(index.present) }, wished);
  about?.assets.dispose();
  return loadPage(db, { organizationId, asOf, decisions: decide?.(index.present) ?? noDecisions }, page);
}

async function findDecided(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  query: DetectionQuery & QueryScope,
  moment: Date | null,
): Promise<DetectionList> {
  return findByHistories(db, { ...query, decisions: await loadDecisions({ db, fleetIndex }, query, moment) });
}

interface SortedPage extends Omit<DetectionPage, 'last'> {
  readonly last: DetectionPlace | RiskPlace | null;
  readonly isByAsset: boolean;
}

/** One page of the detections that are wished, in the order that is asked for. */
export function pageOfVisits(index: OrganizationIndex, wish: PageWish, wished: DetectionWish): ReturnType<typeof pageBySort> {
  using visits = new DetectionVisits(index, wished);
  return pageBySort(index, wish, visits.all);
}

type PageWish = Pick<DetectionQuery, 'sort' | 'limit' | 'offset' | 'after'> & { readonly contexts: AssetContexts | undefined };

/** One page of what `select` visits, in the order that is asked for. */
function pageBySort(index: OrganizationIndex, wish: PageWish, select: SelectWithin): SortedPage {
  const { sort, after, contexts = usualContexts } = wish;
  if (sort === 'risk') {
    const page = pageByRisk({ index, contexts }, { ...wish, after: after && 'risk' in after ? after : undefined }, select);
    return { ...page, isByAsset: false };
  }
  const isByAsset = sort === 'asset';
  const take = isByAsset ? pageByAsset : pageOfDetections;
  return { ...take(index, { ...wish, after: after && 'risk' in after ? undefined : after }, select), isByAsset };
}

/** The detections of a page in its order; what has gone since the page was made is left out. */
export async function loadPage(
  db: Kysely<Database>,
  scope: Pick<DetectionQuery, 'organizationId' | 'asOf' | 'decisions'>,
  { total, items: among, last, isByAsset }: ReturnType<typeof pageBySort>,
): Promise<DetectionList> {
  const next = last && writeCursor(last, isByAsset);
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
