import { type CheckKind, isPostureCheck } from '@vedette/protocol';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from './organization-index.ts';
import { type DetectionPage, pageOfDetections } from './page-of-detections.ts';
import { type ExceptionFilter, narrowToException } from './excepted.ts';
import { type Found, PastMoment } from './past-moment.ts';
import { RecentTransitions } from './recent-transitions.ts';
import { holds, type RankedCheck } from './verdict-book.ts';

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

/** Detections of one check, with the severity that counts. */
export interface Selected extends RankedCheck {
  /** On how many assets. */
  readonly size: number;
  /** Not the visitor's: it may be disposed after the visit, or belong to the index. Made when first asked for. */
  readonly assets: RoaringBitmap32;
}

/** Of tens of thousands of checks most are only counted: bitmaps are made of those that a page shows. */
class Selection implements Selected {
  readonly place: number;
  readonly check: RankedCheck['check'];
  readonly confirmed: boolean;
  readonly severity: number;
  readonly size: number;
  readonly #make: () => RoaringBitmap32;
  #assets: RoaringBitmap32 | null = null;

  constructor({ place, check, confirmed, severity }: RankedCheck, size: number, make: () => RoaringBitmap32) {
    this.place = place;
    this.check = check;
    this.confirmed = confirmed;
    this.severity = severity;
    this.size = size;
    this.#make = make;
  }

  get assets(): RoaringBitmap32 {
    this.#assets ??= this.#make();
    return this.#assets;
  }

  dispose(): void {
    this.#assets?.dispose();
  }
}

/** Whether the index knows times far enough back for a filter. Fixed detections no longer say on which packages they were found. */
export function canSelect(
  index: OrganizationIndex,
  filter: Omit<DetectionFilter, 'about'> & { search?: string | undefined },
  asOf: number,
): boolean {
  const days = Math.max(filter.foundWithinDays ?? 0, filter.fixedWithinDays ?? 0, 7);
  if (asOf - days * dayMs < index.since) return false;
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
    const counted = filter.assets ? null : past.count(place);
    visitSome(ranked, counted && countOf(counted, confirmed), make, visit);
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
  const selection = new Selection(ranked, size ?? assets?.size ?? 0, () => assets ?? make());
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
  const recent = (days: number | undefined) => (days === undefined ? null : new RecentTransitions(index, asOf - days * dayMs));
  const isNewMatters = filter.status === 'new' || filter.status === 'active';
  const times = {
    fresh: recent(isNewMatters ? newForDays : undefined),
    found: recent(filter.foundWithinDays),
    fixed: recent(filter.fixedWithinDays),
  };
  const { assets: within, about } = filter;
  const isPlain = filter.status === 'open' && !about && !times.found && !times.fixed;
  const subjects = about && packagesByPlace(index, about.packageVersions);
  for (const ranked of index.book.ranking) {
    const found = index.checks[ranked.place];
    if (!found || !fitsCheck(ranked, filter)) continue;
    const { confirmed } = ranked;
    if (isPlain) {
      const isCovered = !isUncovered(index, ranked.place, filter);
      const make = (): RoaringBitmap32 => {
        const assets = openOf(found, confirmed, within);
        if (isCovered) narrowToException(index.excepted, ranked.place, { assets, filter: filter.exception });
        return assets;
      };
      const size = within ? countWithin(found, confirmed, within) : found.count(confirmed);
      visitSome(ranked, isCovered && size > 0 ? null : size, make, visit);
      continue;
    }
    const packages = subjects?.get(ranked.place) ?? [];
    if (about && packages.length === 0 && about.assets.isEmpty && !isNamed(ranked, about)) continue;
    visitSome(
      ranked,
      null,
      () => {
        const assets = withStatus(index, ranked, { filter, fresh: times.fresh });
        narrow(assets, ranked, { index, filter, packages, ...times });
        return assets;
      },
      visit,
    );
  }
  for (const one of Object.values(times)) one?.dispose();
}

/** Those of these package versions about which a check says something, by the check's place. */
function packagesByPlace({ book }: OrganizationIndex, packageVersions: ReadonlySet<number>): Map<number, number[]> {
  const byPlace = new Map<number, number[]>();
  for (const id of packageVersions) {
    for (const verdict of book.verdictsOn(id)) {
      if (!holds(verdict)) continue;
      const known = byPlace.get(verdict.place);
      if (known) known.push(id);
      else byPlace.set(verdict.place, [id]);
    }
  }
  return byPlace;
}

function isNamed({ check }: RankedCheck, { nameIncludes }: Subject): boolean {
  return check.name.toLowerCase().includes(nameIncludes);
}

function fitsCheck({ check, severity, confirmed }: RankedCheck, filter: DetectionFilter): boolean {
  if (filter.check !== undefined && check.number !== filter.check) return false;
  if (filter.severity !== undefined && severity < filter.severity) return false;
  if (filter.severityExact !== undefined && severity !== filter.severityExact) return false;
  if (filter.kind !== undefined && isPostureCheck(check.number) !== (filter.kind === 'posture')) return false;
  return filter.exploited === undefined || (confirmed && check.exploited) === (filter.exploited === 'true');
}

function isUncovered({ excepted }: OrganizationIndex, place: number, { exception }: DetectionFilter): boolean {
  return exception === 'with' || (exception !== 'only' && !excepted.byPlace.has(place));
}

/** A new bitmap of the assets on which the check is in this status, as more than information or as that. */
function withStatus(
  index: OrganizationIndex,
  { place, confirmed }: RankedCheck,
  { filter: { status, exception, assets: within }, fresh }: { filter: DetectionFilter; fresh: RecentTransitions | null },
): RoaringBitmap32 {
  const found = index.checks[place];
  if (!found) return new RoaringBitmap32();
  const result = status === 'fixed' ? new RoaringBitmap32() : openOf(found, confirmed, within);
  narrowToException(index.excepted, place, { assets: result, filter: exception });
  if (status === 'reopened') result.andInPlace(found.wasFixed);
  if (status === 'new' || status === 'active') {
    result.andNotInPlace(found.wasFixed);
    const recent = fresh?.foundAmong(place, result) ?? new RoaringBitmap32();
    if (status === 'new') result.andInPlace(recent);
    else result.andNotInPlace(recent);
    recent.dispose();
  }
  if ((status === 'fixed' || status === 'all') && exception !== 'only') {
    const fixed = RoaringBitmap32.andNot(found.wasFixed, found.open);
    if (confirmed) fixed.andNotInPlace(found.doubtful);
    else fixed.andInPlace(found.doubtful);
    result.orInPlace(fixed);
    fixed.dispose();
  }
  return result;
}

/** A new bitmap of where it is found, as more than information or as that. */
function openOf({ open, information }: Found, confirmed: boolean, within: RoaringBitmap32 | undefined): RoaringBitmap32 {
  if (!confirmed && !information) return new RoaringBitmap32();
  const all = (confirmed ? open : information) ?? open;
  // Early: all that follows costs by the number of assets.
  const result = within ? RoaringBitmap32.and(all, within) : new RoaringBitmap32(all);
  if (confirmed && information) result.andNotInPlace(information);
  return result;
}

/** How many openOf would hold. */
function countWithin({ open, information }: Found, confirmed: boolean, within: RoaringBitmap32): number {
  const some = information?.andCardinality(within) ?? 0;
  return confirmed ? open.andCardinality(within) - some : some;
}

interface Narrowing {
  readonly index: OrganizationIndex;
  readonly filter: DetectionFilter;
  /** Package versions of the filter's subject that the check is about. */
  readonly packages: readonly number[];
  readonly found: RecentTransitions | null;
  readonly fixed: RecentTransitions | null;
}

function narrow(assets: RoaringBitmap32, ranked: RankedCheck, { index, filter, packages, found, fixed }: Narrowing): void {
  const { place } = ranked;
  if (filter.assets) assets.andInPlace(filter.assets);
  if (found) {
    const recent = found.foundAmong(place, assets);
    assets.andInPlace(recent);
    recent.dispose();
  }
  if (fixed) {
    assets.andInPlace(fixed.ended.get(place) ?? none);
    assets.andNotInPlace(index.checks[place]?.open ?? none);
  }
  if (!filter.about || isNamed(ranked, filter.about)) return;
  const having = index.packages.assetsWithAny(packages);
  having.orInPlace(filter.about.assets);
  assets.andInPlace(having);
  having.dispose();
}

const none = new RoaringBitmap32();

/** One page of what selectDetections visits. */
export function selectPage(
  index: OrganizationIndex,
  filter: DetectionFilter,
  { asOf, newForDays, limit, offset }: { asOf: number; newForDays: number; limit: number; offset: number },
): DetectionPage {
  return pageOfDetections(index, { limit, offset }, (visit) => selectDetections(index, filter, { asOf, newForDays }, visit));
}
