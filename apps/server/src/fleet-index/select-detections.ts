import { type CheckKind, isPostureCheck } from '@vedette/protocol';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { CheckDetections } from './check-detections.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { type DetectionPage, pageOfDetections } from './page-of-detections.ts';
import { type Found, PastMoment } from './past-moment.ts';
import { RecentTransitions } from './recent-transitions.ts';
import type { RankedCheck } from './verdict-book.ts';

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
  /** Not the visitor's: it may be disposed after the visit, or belong to the index. */
  readonly assets: RoaringBitmap32;
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
  const known = new Map<number, Found | null>();
  for (const ranked of index.book.ranking) {
    if (!index.checks[ranked.place] || !fitsCheck(ranked, filter)) continue;
    const found = known.has(ranked.place) ? (known.get(ranked.place) ?? null) : past.found(ranked.place);
    known.set(ranked.place, found);
    if (!found) continue;
    const assets = openOf(found, ranked.confirmed, filter.assets);
    if (!assets.isEmpty) visit({ ...ranked, assets });
    assets.dispose();
  }
  for (const found of known.values()) {
    found?.open.dispose();
    found?.information?.dispose();
  }
  past.dispose();
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
  const isPlain = filter.status === 'open' && !filter.assets && !filter.about && !times.found && !times.fixed;
  for (const ranked of index.book.ranking) {
    const found = index.checks[ranked.place];
    if (!found || !fitsCheck(ranked, filter)) continue;
    if (isPlain && !found.information) {
      // Without a copy: of tens of thousands of checks most are only counted.
      if (ranked.confirmed && !found.open.isEmpty) visit({ ...ranked, assets: found.open });
      continue;
    }
    const assets = withStatus(found, ranked, { status: filter.status, fresh: times.fresh, within: filter.assets });
    narrow(assets, ranked, { index, filter, ...times });
    if (!assets.isEmpty) visit({ ...ranked, assets });
    assets.dispose();
  }
  for (const one of Object.values(times)) one?.dispose();
}

function fitsCheck({ check, severity, confirmed }: RankedCheck, filter: DetectionFilter): boolean {
  if (filter.check !== undefined && check.number !== filter.check) return false;
  if (filter.severity !== undefined && severity < filter.severity) return false;
  if (filter.severityExact !== undefined && severity !== filter.severityExact) return false;
  if (filter.kind !== undefined && isPostureCheck(check.number) !== (filter.kind === 'posture')) return false;
  return filter.exploited === undefined || (confirmed && check.exploited) === (filter.exploited === 'true');
}

/** A new bitmap of the assets on which the check is in this status, as more than information or as that. */
function withStatus(
  found: CheckDetections,
  { place, confirmed }: RankedCheck,
  {
    status,
    fresh,
    within,
  }: { status: DetectionFilter['status']; fresh: RecentTransitions | null; within: RoaringBitmap32 | undefined },
): RoaringBitmap32 {
  const result = status === 'fixed' ? new RoaringBitmap32() : openOf(found, confirmed, within);
  if (status === 'reopened') result.andInPlace(found.wasFixed);
  if (status === 'new' || status === 'active') {
    result.andNotInPlace(found.wasFixed);
    const recent = fresh?.foundAmong(place, result) ?? new RoaringBitmap32();
    if (status === 'new') result.andInPlace(recent);
    else result.andNotInPlace(recent);
    recent.dispose();
  }
  if (status === 'fixed' || status === 'all') {
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
  const result = new RoaringBitmap32((confirmed ? open : information) ?? []);
  if (confirmed && information) result.andNotInPlace(information);
  // Early: all that follows costs by the number of assets.
  if (within) result.andInPlace(within);
  return result;
}

interface Narrowing {
  readonly index: OrganizationIndex;
  readonly filter: DetectionFilter;
  readonly found: RecentTransitions | null;
  readonly fixed: RecentTransitions | null;
}

function narrow(assets: RoaringBitmap32, { place, check }: RankedCheck, { index, filter, found, fixed }: Narrowing): void {
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
  if (!filter.about || check.name.toLowerCase().includes(filter.about.nameIncludes)) return;
  const { packageVersions, assets: hosts } = filter.about;
  const having = index.packages.assetsWithAny([...index.book.packagesOf(place)].filter((id) => packageVersions.has(id)));
  having.orInPlace(hosts);
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
