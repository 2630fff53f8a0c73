import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { type DetectionPage, pageOfDetections } from '../fleet-index/page-of-detections.ts';
import { canSelect, canSelectPast, selectDetections, selectPast, type Subject } from '../fleet-index/select-detections.ts';
import { writeCursor } from './cursor.ts';
import { newForDays } from './derive.ts';
import { containing } from './like.ts';
import { type DetectionList, type DetectionQuery, findDetections } from './store.ts';

/**
 * Detections of now: which ones and how many from the fleet index, when they were found and on what from the histories, of the page
 * alone. What the index does not know (one asset's, fixed ones by package, times before its window) is derived from the histories.
 * Throws ApiError UNAVAILABLE while the index is being built.
 */
export async function findInFleet(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  query: DetectionQuery,
): Promise<DetectionList> {
  // One asset's history is short.
  if (query.assetId !== undefined || query.order) return findDetections(db, query);
  const { organizationId, search } = query;
  const ids = search ? await packageVersionsAbout(db, search) : new Set<number>();
  const index = await fleetIndex.current(organizationId);
  const asOf = index.momentFor(query.asOf.getTime());
  if (!canSelect(index, query, asOf)) return findDetections(db, query);
  const about = search ? subject(index, search, ids) : undefined;
  const page = pageOfDetections(index, query, (visit) =>
    selectDetections(index, { ...query, about }, { asOf, newForDays }, visit),
  );
  about?.assets.dispose();
  return loadPage(db, { organizationId, asOf: new Date(asOf) }, page);
}

/**
 * Detections as of a moment: what was open within the index's window from the index, all else from the histories. Throws ApiError
 * UNAVAILABLE while the index is being built.
 */
export async function findInPast(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  query: DetectionQuery,
): Promise<DetectionList> {
  const { organizationId, asOf } = query;
  if (query.assetId !== undefined || query.order || query.status !== 'open') return findDetections(db, query);
  const index = await fleetIndex.current(organizationId);
  if (!canSelectPast(index, query, asOf.getTime())) return findDetections(db, query);
  const page = pageOfDetections(index, query, (visit) => selectPast(index, query, asOf.getTime(), visit));
  return loadPage(db, { organizationId, asOf }, page);
}

/** The detections of a page in its order; what has gone since the page was made is left out. */
export async function loadPage(
  db: Kysely<Database>,
  scope: { readonly organizationId: string; readonly asOf: Date },
  { total, items: among, last }: DetectionPage,
): Promise<DetectionList> {
  const next = last && writeCursor(last);
  if (among.length === 0) return { total, items: [], next };
  const { items } = await findDetections(db, { ...scope, among, status: 'all', limit: among.length, offset: 0 });
  const found = new Map(items.map((item) => [`${item.assetId} ${item.check}`, item]));
  return { total, items: among.flatMap(({ assetId, check }) => found.get(`${assetId} ${check}`) ?? []), next };
}

/** Package versions that verdicts speak of and whose name or source holds the text. */
export async function packageVersionsAbout(db: Kysely<Database>, search: string): Promise<Set<number>> {
  const pattern = containing(search);
  const { rows } = await sql<{ id: number }>`
    select id from package_version
    where (name ilike ${pattern} or source ilike ${pattern}) and id in (select package_version_id from verdict)`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** What a search is about; the caller disposes its assets. */
export function subject(index: OrganizationIndex, search: string, packageVersions: ReadonlySet<number>): Subject {
  const text = search.toLowerCase();
  const assets = index.table.where(({ hostname }) => hostname.toLowerCase().includes(text));
  return { packageVersions, assets, nameIncludes: text };
}
