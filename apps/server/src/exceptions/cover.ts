import { type DetectionException, VexStatus } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { PrepareAssets, QueryScope, SelectAssets } from '../query/prepare-assets.ts';
import { prepareScope } from '../tags/prepare-tag.ts';

interface InForce {
  readonly note: DetectionException;
  /** Package versions by number of the check; null for any. */
  readonly checks: ReadonlyMap<number, ReadonlySet<number> | null>;
  /** Null for all assets. */
  readonly select: SelectAssets | null;
}

/** An exception with its assets, by their dense numbers; null for all. */
interface Placed extends Omit<InForce, 'select'> {
  readonly assets: RoaringBitmap32 | null;
}

/** A detection as far as exceptions see it. */
export interface CoveredDetection {
  /** Dense number. */
  readonly asset: number;
  readonly check: number;
  readonly packageVersions: readonly number[];
}

/** Exceptions that hold at a moment, over an index of assets. */
export interface Cover {
  readonly exceptions: readonly Placed[];
  /** The exception under which an open detection is; null for none. */
  readonly of: (detection: CoveredDetection) => DetectionException | null;
}

export const noCover: Cover = { exceptions: [], of: () => null };

/** Whether an exception takes detections out of what is open; what is only being looked into stays. */
export function covers({ note }: Pick<InForce, 'note'>): boolean {
  return note.status !== 'under_investigation';
}

interface Row {
  readonly id: string;
  readonly assets: string;
  readonly status: string;
  readonly reason: string;
  readonly expiresAt: Date | null;
  readonly checks: [check: number, ids: number[] | null][];
}

/** Which exceptions hold at a moment, as a condition on `exception`. */
export function inForceAt(moment: Date): RawBuilder<boolean> {
  return sql<boolean>`(decision = 'approved' and decided_at <= ${moment} and (expires_at is null or expires_at > ${moment})
    and (ended_at is null or ended_at > ${moment}))`;
}

/** Reads the exceptions that hold at a moment; null where there is none. Which assets they are about is of now in any case. */
export async function prepareCover(
  db: Kysely<Database>,
  { moment, ...scope }: QueryScope & { readonly moment: Date },
  prepareAssets: PrepareAssets,
): Promise<((index: OrganizationIndex) => Cover) | null> {
  const { rows } = await sql<Row>`
    select id, assets, status, reason, expires_at, (
      select coalesce(json_agg(json_build_array(check_number, package_version_ids)), '[]') from exception_check as listed
      where listed.organization_id = exception.organization_id and exception_id = exception.id) as checks
    from exception where organization_id = ${scope.organizationId} and ${inForceAt(moment)}
    order by decided_at, id`.execute(db);
  if (rows.length === 0) return null;
  const inForce: InForce[] = [];
  for (const row of rows) {
    const select = row.assets === '' ? null : await prepareScope(db, row.assets, scope, prepareAssets);
    inForce.push({ note: toNote(row), checks: new Map(row.checks.map(([check, ids]) => [check, ids && new Set(ids)])), select });
  }
  return (index) => place(index, inForce);
}

function toNote({ id, status, reason, expiresAt }: Row): DetectionException {
  return {
    exceptionId: id as DetectionException['exceptionId'], // from our own table
    status: VexStatus.parse(status),
    reason,
    expiresAt: expiresAt?.toISOString() ?? null,
  };
}

function place(index: OrganizationIndex, inForce: readonly InForce[]): Cover {
  const exceptions = inForce.map(({ select, ...rest }): Placed => ({ ...rest, assets: select ? select(index) : null }));
  const byCheck = new Map<number, Placed[]>();
  for (const one of exceptions.toSorted((a, b) => Number(covers(b)) - Number(covers(a)))) {
    for (const check of one.checks.keys()) byCheck.set(check, [...(byCheck.get(check) ?? []), one]);
  }
  const of = ({ asset, check, packageVersions }: CoveredDetection): DetectionException | null => {
    const found = byCheck.get(check)?.find(({ checks, assets }) => {
      const versions = checks.get(check) ?? null;
      return (assets === null || assets.has(asset)) && (versions === null || packageVersions.every((id) => versions.has(id)));
    });
    return found?.note ?? null;
  };
  return { exceptions, of };
}

/** What the exceptions of now take out of the open detections of the index. */
export function exceptedBy(index: OrganizationIndex, { exceptions }: Cover): Excepted {
  const byPlace = new Map<number, RoaringBitmap32>();
  const byException = new Map<string, Map<number, RoaringBitmap32>>();
  for (const exception of exceptions) {
    if (!covers(exception)) continue;
    const own = new Map<number, RoaringBitmap32>();
    byException.set(exception.note.exceptionId, own);
    for (const [check, versions] of exception.checks) {
      const placeOfCheck = index.book.placeOf(check);
      const open = placeOfCheck === undefined ? undefined : index.checks[placeOfCheck]?.open;
      if (placeOfCheck === undefined || !open || open.isEmpty) continue;
      const assets = coveredOn(index, { open, place: placeOfCheck, versions, within: exception.assets });
      if (assets.isEmpty) {
        assets.dispose();
        continue;
      }
      own.set(placeOfCheck, assets);
      const known = byPlace.get(placeOfCheck);
      byPlace.set(placeOfCheck, known ? RoaringBitmap32.or(known, assets) : assets);
    }
  }
  return { byPlace, byException, counts: countsOf(index, byPlace) };
}

interface Scope {
  readonly open: RoaringBitmap32;
  readonly place: number;
  readonly versions: ReadonlySet<number> | null;
  readonly within: RoaringBitmap32 | null;
}

/** Where nothing makes the check true for which the exception was not given. */
function coveredOn(index: OrganizationIndex, { open, place, versions, within }: Scope): RoaringBitmap32 {
  const assets = within ? RoaringBitmap32.and(open, within) : new RoaringBitmap32(open);
  if (versions === null) return assets;
  const others = [...index.book.packagesOf(place)].filter((id) => !versions.has(id));
  if (others.length === 0) return assets;
  const having = index.packages.assetsWithAny(others);
  assets.andNotInPlace(having);
  having.dispose();
  return assets;
}

function countsOf(index: OrganizationIndex, byPlace: ReadonlyMap<number, RoaringBitmap32>): Int32Array | null {
  if (byPlace.size === 0) return null;
  const counts = new Int32Array(index.table.assets.length * 5);
  for (const [placeOfCheck, assets] of byPlace) {
    const information = index.checks[placeOfCheck]?.information;
    const severity = index.book.checks[placeOfCheck]?.severity ?? 1;
    for (const asset of assets.toUint32Array()) {
      const at = asset * 5 + (information?.has(asset) ? 1 : severity) - 1;
      counts[at] = (counts[at] ?? 0) + 1;
    }
  }
  return counts;
}
