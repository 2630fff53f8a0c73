import { RoaringBitmap32 } from 'roaring-wasm';
import type { FoundState } from './detection-history.ts';
import { goneWithout, severityOn } from './gone-without.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { RecentTransitions } from './recent-transitions.ts';
import { birthPlaces, SumsAtMoments } from './sums-at-moments.ts';
import { holds, type RankedCheck, type KnownUpgrade as Upgrade } from './verdict-book.ts';

const dayMs = 24 * 3600 * 1000;

export interface FleetCounts {
  /** Open detections by severity, 1 to 5 at 0 to 4. */
  readonly open: readonly number[];
  readonly exploited: number;
  /** Open and first found in the last `days`. */
  readonly found: number;
  /** Gone in the last `days` and not back. */
  readonly fixed: number;
}

export function countDetections(index: OrganizationIndex, asOf: number, days: number): FleetCounts {
  const recent = new RecentTransitions(index, asOf - days * dayMs);
  let [exploited, fixed] = [0, 0];
  for (const [place, check] of index.book.checks.entries()) if (check.exploited) exploited += index.countOpen(place, true);
  for (const [place, check] of index.checks.entries())
    if (check) fixed += recent.ended(place)?.andNotCardinality(check.open) ?? 0;
  const found = recent.countFound(index);
  recent.dispose();
  return { open: index.table.countAll(), exploited, found, fixed };
}

/** The worst checks that are found, those on most assets first. */
export function topChecks(index: OrganizationIndex, limit: number): (RankedCheck & { readonly assets: number })[] {
  const found: (RankedCheck & { readonly assets: number })[] = [];
  let severity = 5;
  for (const ranked of index.book.ranking) {
    // The ranking goes down in severity: what follows is worth less than all that is there.
    if (ranked.severity < severity && found.length >= limit) break;
    severity = ranked.severity;
    const assets = index.countOpen(ranked.place, ranked.confirmed);
    if (assets > 0) found.push({ ...ranked, assets });
  }
  return found.sort((a, b) => b.severity - a.severity || b.assets - a.assets || b.check.number - a.check.number).slice(0, limit);
}

/**
 * Detections found by severity at past moments within the window, excepted or not, from what is found now and what came and went since.
 * Moments ascending.
 */
export function countFoundAt(index: OrganizationIndex, moments: readonly number[]): number[][] {
  const counts = index.table.countBornBy(moments, 'found');
  const born = moments.map((moment) => index.table.bornBy(moment));
  const undone = counts[0]?.map(() => new SumsAtMoments(moments)) ?? [];
  // What it was before takes the place of what it became.
  const sumsOf = (place: number, state: FoundState): SumsAtMoments | undefined =>
    state === 0 ? undefined : undone[(state === 2 ? (index.book.checks[place]?.severity ?? 1) : 1) - 1];
  const first = Math.min(...moments);
  index.log.forEachMany(first, ({ at, place, assets, from, to }) => {
    const [before, after] = [sumsOf(place, from), sumsOf(place, to)];
    for (const [number, moment] of moments.entries()) {
      if (at <= moment) break;
      const many = born[number]?.count(assets) ?? 0;
      before?.addBetween(number, number + 1, many);
      after?.addBetween(number, number + 1, -many);
    }
  });
  const births = birthPlaces(index.table, moments);
  index.log.forEachRun(first, (run) => {
    const byState = [undefined, sumsOf(run.place, 1), sumsOf(run.place, 2)];
    let end = 0;
    for (let number = run.begin; number < run.end; number += 1) {
      while ((moments[end] ?? Number.POSITIVE_INFINITY) < run.at(number)) end += 1;
      const begin = births[run.asset(number)] ?? 0;
      byState[run.from(number)]?.addBetween(begin, end, 1);
      byState[run.to(number)]?.addBetween(begin, end, -1);
    }
  });
  for (const then of born) then.dispose();
  const bySeverity = undone.map((sums) => sums.sums());
  return counts.map((found, number) => found.map((count, severity) => count + (bySeverity[severity]?.[number] ?? 0)));
}

export interface UpgradeEffect extends Omit<Upgrade, 'fixed' | 'key'> {
  readonly versions: ReadonlySet<string>;
  readonly detections: number;
  readonly assets: number;
  readonly severity: number;
}

/** A package of a release, and the verdicts that an upgrade of it would end: at most so many detections, in truth perhaps fewer. */
interface Candidate {
  readonly upgrade: Upgrade;
  readonly packageVersions: Set<number>;
  atMost: number;
}

/**
 * For each package of a release with fixing versions: what upgrading it everywhere, and nothing else, would remove, as in a fix list. Most first. A
 * package's binary packages and versions make the same detection: only those are counted out that can be among the first.
 */
export function topUpgrades(index: OrganizationIndex, limit: number): UpgradeEffect[] {
  const candidates = [...upgradeCandidates(index)].sort((a, b) => b.atMost - a.atMost);
  const effects: UpgradeEffect[] = [];
  for (const candidate of candidates) {
    const last = effects[limit - 1];
    if (last && candidate.atMost < last.detections) break;
    const effect = effectOf(index, candidate);
    if (effect.detections > 0) effects.push(effect);
    effects.sort((a, b) => b.detections - a.detections || (a.source < b.source ? -1 : 1));
  }
  return effects.slice(0, limit);
}

function upgradeCandidates(index: OrganizationIndex): Iterable<Candidate> {
  const candidates = new Map<string, Candidate>();
  for (const id of index.book.packageVersions()) {
    const assets = index.packages.assetsWith(id).size;
    if (assets === 0) continue;
    for (const { upgrade, until } of index.book.verdictsOn(id)) {
      if (!upgrade || !holds({ until })) continue;
      const candidate = candidates.get(upgrade.key) ?? { upgrade, packageVersions: new Set(), atMost: 0 };
      candidates.set(upgrade.key, candidate);
      candidate.atMost += assets;
      candidate.packageVersions.add(id);
    }
  }
  return candidates.values();
}

function effectOf(
  index: OrganizationIndex,
  { upgrade: { ecosystem, release, source, key }, packageVersions: ids }: Candidate,
): UpgradeEffect {
  const versions = new Set<string>();
  const byPlace = new Map<number, Set<number>>();
  for (const id of ids) {
    for (const { place, upgrade, until } of index.book.verdictsOn(id)) {
      if (upgrade?.key !== key || !holds({ until })) continue;
      versions.add(upgrade.fixed);
      byPlace.set(place, (byPlace.get(place) ?? new Set()).add(id));
    }
  }
  const all = new RoaringBitmap32();
  // Thousands of checks of a kernel are about the same few versions of it.
  const known = new Map<string, RoaringBitmap32>();
  const assetsWith = (packageVersions: Iterable<number>): RoaringBitmap32 => {
    const name = [...packageVersions].join();
    const assets = known.get(name) ?? index.packages.assetsWithAny(packageVersions);
    known.set(name, assets);
    return assets;
  };
  // Nearly every check is gone from all that have its versions: each of these is entered once.
  const entered = new Set<RoaringBitmap32>();
  let [detections, severity] = [0, 0];
  for (const [place, own] of byPlace) {
    const having = assetsWith(own);
    const gone = goneWithout(index, place, own, assetsWith);
    detections += gone.size;
    if (!gone.isEmpty) severity = Math.max(severity, severityOn(index, place, gone));
    if (!entered.has(having)) all.orInPlace(gone);
    if (gone.size === having.size) entered.add(having);
    gone.dispose();
  }
  for (const assets of known.values()) assets.dispose();
  const effect = { ecosystem, release, source, versions, detections, assets: all.size, severity };
  all.dispose();
  return effect;
}
