import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { checkOfDetection, countedSeverity, derivedDetections } from '../detections/derive.ts';
import { type Excepted, nothingExcepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { PrepareAssets, QueryScope } from '../query/prepare-assets.ts';
import { type Cover, covers, inForceAt, prepareCover } from './cover.ts';

/** Open at the moment, and with no package version that an exception was not given for. */
interface Candidate {
  readonly asset: number;
  readonly check: number;
  readonly severity: number;
  readonly exceptionId: string;
}

const severityCount = 5;

/**
 * What the exceptions of a moment of the past covered of what was open then, as the fleet index says it of now. From the histories, which know
 * what packages there were; only the checks that exceptions name are looked at. Null where none was in force.
 */
export async function prepareExceptedThen(
  db: Kysely<Database>,
  scope: QueryScope & { readonly moment: Date },
  prepareAssets: PrepareAssets,
): Promise<((index: OrganizationIndex) => Excepted) | null> {
  const cover = await prepareCover(db, scope, prepareAssets);
  if (!cover) return null;
  const candidates = await loadCandidates(db, scope.organizationId, scope.moment);
  return (index) => exceptedOf(index, cover(index), candidates);
}

async function loadCandidates(db: Kysely<Database>, organizationId: string, moment: Date): Promise<Candidate[]> {
  const listed = sql`
    select exception_id, check_number, package_version_ids from exception_check
    join exception on exception.organization_id = exception_check.organization_id and exception.id = exception_id
    where exception.organization_id = ${organizationId} and ${inForceAt(moment)}`;
  const { rows: checks } = await sql<{ check: number }>`select distinct check_number as check from (${listed}) as listed`.execute(
    db,
  );
  if (checks.length === 0) return [];
  const scope = { organizationId, checks: checks.map(({ check }) => check), asOf: moment };
  const { rows } = await sql<Candidate>`
    select asset.number as asset, detection.check_number as check, ${countedSeverity} as severity, listed.exception_id
    from (${derivedDetections(scope)}) as detection
    join asset on asset.organization_id = ${organizationId} and asset.id = detection.asset_id
    ${checkOfDetection}
    join (${listed}) as listed on listed.check_number = detection.check_number
      and (listed.package_version_ids is null or detection.package_version_ids <@ listed.package_version_ids)
    where detection.open`.execute(db);
  return rows;
}

function exceptedOf(index: OrganizationIndex, { exceptions }: Cover, candidates: readonly Candidate[]): Excepted {
  const assetsOf = new Map(
    exceptions.filter((one) => covers(one)).map(({ note, assets }) => [note.exceptionId as string, assets]),
  );
  const byPlace = new Map<number, RoaringBitmap32>();
  const counts = new Int32Array(index.table.assets.length * severityCount);
  for (const { asset, check, severity, exceptionId } of candidates) {
    const [within, dense, place] = [assetsOf.get(exceptionId), index.table.find(asset), index.book.placeOf(check)];
    if (within === undefined || dense === undefined || place === undefined || within?.has(dense) === false) continue;
    const covered = byPlace.get(place) ?? new RoaringBitmap32();
    byPlace.set(place, covered);
    // Several exceptions may cover the same.
    if (!covered.tryAdd(dense)) continue;
    const at = dense * severityCount + severity - 1;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return byPlace.size === 0 ? nothingExcepted : { ...nothingExcepted, byPlace, counts };
}

interface Kept {
  readonly key: string;
  readonly until: number;
  readonly counted: number[][];
}

/** What took long to count is shown for so many times as long. */
const patienceFactor = 30;
const quickMs = 20;
/** By index: an index is of one organization, or of what somebody may see of it. */
const kept = new WeakMap<OrganizationIndex, Kept>();

/**
 * Asks for open detections of a fleet at moments of the past that exceptions covered then; the answer counts them over an index, by
 * severity, 1 to 5 at 0 to 4.
 */
export async function prepareExceptedCounts(
  { db, fleetIndex }: Pick<Context, 'db' | 'fleetIndex'>,
  scope: QueryScope,
  { moments, prepareAssets }: { readonly moments: readonly number[]; readonly prepareAssets: PrepareAssets },
): Promise<(index: OrganizationIndex) => readonly number[][]> {
  const { rows } = await sql<{ since: Date | null; known: string | null }>`
    select min(decided_at) as since, string_agg(id::text || coalesce(ended_at::text, ''), ' ' order by id) as known
    from exception where organization_id = ${scope.organizationId} and decision = 'approved'`.execute(db);
  const since = rows[0]?.since?.getTime() ?? Number.POSITIVE_INFINITY;
  const key = [rows[0]?.known, ...moments.map((moment) => Math.floor(moment / 60_000))].join(' ');
  const begin = performance.now();
  const last = kept.get(await fleetIndex.current(scope.organizationId));
  if (last?.key === key && begin < last.until) return () => last.counted;
  const prepared: (((index: OrganizationIndex) => Excepted) | null)[] = [];
  for (const moment of moments) {
    prepared.push(moment < since ? null : await prepareExceptedThen(db, { ...scope, moment: new Date(moment) }, prepareAssets));
  }
  return (index) => {
    const counted = prepared.map((excepted) => bySeverity(excepted?.(index).counts ?? null));
    const took = performance.now() - begin;
    if (took > quickMs) kept.set(index, { key, until: begin + took * (1 + patienceFactor), counted });
    return counted;
  };
}

function bySeverity(counts: Int32Array | null): number[] {
  const sums = [0, 0, 0, 0, 0];
  for (const [at, count] of (counts ?? []).entries()) sums[at % severityCount] = (sums[at % severityCount] ?? 0) + count;
  return sums;
}
