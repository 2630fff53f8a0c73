import { type CheckKind, isPostureCheck } from '@vedette/protocol';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from './organization-index.ts';
import { type DetectionPage, pageOfDetections } from './page-of-detections.ts';
import { firstFound, goneSince, inStatus, madeBy, onAssets } from './detection-tests.ts';
import type { ExceptionFilter } from './excepted.ts';
import { type Found, PastMoment } from './past-moment.ts';
import { type Selected, Selection } from './selection.ts';
import type { RankedCheck } from './verdict-book.ts';
import { type DetectionWish, visitDetections } from './visit-detections.ts';
import { allOf, anyOf, type DetectionTest } from './where.ts';

const dayMs = 24 * 3600 * 1000;

export interface DetectionFilter {
  readonly status: 'open' | 'new' | 'active' | 'reopened' | 'fixed' | 'all';
  readonly check?: number | undefined;
  /** At least this severity. */
  readonly severity?: number | undefined;
  readonly severityExact?: number | undefined;
  readonly kind?: CheckKind | undefined;
  readonly exploited?: 'true' | 'false' | undefined;
  readonly foundWithinDays?: number | undefined;
  readonly fixedWithinDays?: number | undefined;
  /** Without, unless it says otherwise. */
  readonly exception?: ExceptionFilter | undefined;
  /** Of any asset where absent. */
  readonly assets?: RoaringBitmap32 | undefined;
  /** Of any package where absent: found on these package versions, or on these assets, or by these checks. */
  readonly about?: Subject | undefined;
}

export interface Subject {
  readonly packageVersions: ReadonlySet<number>;
  readonly assets: RoaringBitmap32;
  readonly nameIncludes: string;
}

/** Whether the index knows times far enough back for a filter. Fixed detections no longer say on which packages they were found. */
export function canSelect(
  index: Pick<OrganizationIndex, 'deepSince'>,
  filter: Omit<DetectionFilter, 'about'> & { search?: string | undefined },
  asOf: number,
): boolean {
  const days = Math.max(filter.foundWithinDays ?? 0, filter.fixedWithinDays ?? 0, 7);
  if (asOf - days * dayMs < index.deepSince) return false;
  return !filter.search || (filter.status !== 'fixed' && filter.status !== 'all');
}

/** Whether the index knows what was found at a moment of the past: what was open then, by what is of the check or the asset alone. */
export function canSelectPast(
  index: OrganizationIndex,
  filter: Omit<DetectionFilter, 'about'> & { search?: string | undefined },
  moment: number,
): boolean {
  const isPlain = filter.foundWithinDays === undefined && filter.fixedWithinDays === undefined && !filter.search;
  return filter.status === 'open' && isPlain && moment >= index.since;
}

/** Visits what was open at a moment for which canSelectPast says yes, as selectDetections does. */
export function selectPast(
  index: OrganizationIndex,
  filter: DetectionFilter,
  moment: number,
  visit: (selected: Selected) => void,
): void {
  const past = new PastMoment(index, moment);
  for (const ranked of index.book.ranking) {
    const { place, confirmed } = ranked;
    if (!index.checks[place] || !fitsCheck(ranked, filter)) continue;
    const make = (): RoaringBitmap32 => {
      const found = past.found(place);
      const assets = openOf(found, confirmed, filter.assets);
      found.open.dispose();
      found.information.dispose();
      return assets;
    };
    visitSome(ranked, filter.assets ? null : countOf(past.count(place), confirmed), make, visit);
  }
  past.dispose();
}

/** `size`: null where only the bitmap tells. */
function visitSome(
  ranked: RankedCheck,
  size: number | null,
  make: () => RoaringBitmap32,
  visit: (selected: Selected) => void,
): void {
  if (size === 0) return;
  const assets = size === null ? make() : null;
  const selection = new Selection(ranked, { size: size ?? assets?.size ?? 0, likeness: null }, () => assets ?? make());
  if (selection.size > 0) visit(selection);
  if (assets) assets.dispose();
  else selection.dispose();
}

function countOf({ open, information }: { open: number; information: number }, confirmed: boolean): number {
  return confirmed ? open - information : information;
}

/** Visits the detections that fit, check by check, worst first. `newForDays`: for so long one is called new. */
export function selectDetections(
  index: OrganizationIndex,
  filter: DetectionFilter,
  { asOf, newForDays }: { asOf: number; newForDays: number },
  visit: (selected: Selected) => void,
): void {
  visitDetections(index, wishOf(filter, { asOf, newForDays }), visit);
}

/** What selectDetections visits, to be visited more than once. */
export function wishOf(
  filter: DetectionFilter,
  { asOf, newForDays }: { readonly asOf: number; readonly newForDays: number },
): DetectionWish {
  const { status, exception = 'without', assets, about, foundWithinDays, fixedWithinDays } = filter;
  const tests: DetectionTest[] = [({ ranked }) => fitsCheck(ranked, filter)];
  if (status !== 'open' && status !== 'all') tests.push(inStatus((one) => one === status, newForDays));
  if (foundWithinDays !== undefined) tests.push(firstFound({ from: asOf - foundWithinDays * dayMs, until: Infinity }));
  if (fixedWithinDays !== undefined) tests.push(goneSince(asOf - fixedWithinDays * dayMs));
  if (about) tests.push(concerning(about));
  if (assets) tests.push(onAssets(() => assets));
  // What exceptions cover is open.
  const isWithGone = (status === 'fixed' || status === 'all') && exception !== 'only';
  return { test: allOf(tests), lookedAt: { isWithGone, exception }, moment: asOf };
}

function concerning({ packageVersions, assets, nameIncludes }: Subject): DetectionTest {
  return anyOf([
    ({ ranked }) => ranked.check.name.toLowerCase().includes(nameIncludes),
    madeBy(packageVersions),
    // Most texts are in no asset's name.
    assets.isEmpty ? () => false : onAssets(() => assets),
  ]);
}

function fitsCheck({ check, severity, confirmed }: RankedCheck, filter: DetectionFilter): boolean {
  if (filter.check !== undefined && check.number !== filter.check) return false;
  if (filter.severity !== undefined && severity < filter.severity) return false;
  if (filter.severityExact !== undefined && severity !== filter.severityExact) return false;
  if (filter.kind !== undefined && isPostureCheck(check.number) !== (filter.kind === 'posture')) return false;
  return filter.exploited === undefined || (confirmed && check.exploited) === (filter.exploited === 'true');
}

/** A new bitmap of where it is found, as more than information or as that. */
function openOf({ open, information }: Found, confirmed: boolean, within: RoaringBitmap32 | undefined): RoaringBitmap32 {
  const all = confirmed ? open : information;
  // Early: all that follows costs by the number of assets.
  const result = within ? RoaringBitmap32.and(all, within) : new RoaringBitmap32(all);
  if (confirmed) result.andNotInPlace(information);
  return result;
}

/** One page of what selectDetections visits. */
export function selectPage(
  index: OrganizationIndex,
  filter: DetectionFilter,
  { asOf, newForDays, limit, offset }: { asOf: number; newForDays: number; limit: number; offset: number },
): DetectionPage {
  return pageOfDetections(index, { limit, offset }, (visit) => selectDetections(index, filter, { asOf, newForDays }, visit));
}
