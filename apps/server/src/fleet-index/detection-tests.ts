import { RoaringBitmap32 } from 'roaring-wasm';
import type { Candidate, Question } from './candidate.ts';
import { goneWithout } from './gone-without.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { PastMoment } from './past-moment.ts';
import type { RecentTransitions } from './recent-transitions.ts';
import { holds, type KnownVerdict, type VerdictBook } from './verdict-book.ts';
import { type DetectionTest, not, partOf, partWithin } from './where.ts';

const dayMs = 24 * 3600 * 1000;

/** On these assets, which stay whose they are. */
export function onAssets(select: (index: OrganizationIndex) => RoaringBitmap32): DetectionTest {
  return ({ question }) => ({ key: '', isNew: false, isWithin: false, assets: () => question.once(select) });
}

/** What is found now because of one of these package versions. */
export function madeBy(packageVersions: Iterable<number>): DetectionTest {
  const ids = new Set(packageVersions);
  const ask = ({ book }: OrganizationIndex) => idsByPlace(book, ids, () => true);
  return byPackages((question, place) => question.once(ask).get(place) ?? []);
}

/** What is found now because of a package version for which the vendor has a fix or, as is asked, has none. */
export function fixable(isFixable: boolean): DetectionTest {
  const ask = ({ book }: OrganizationIndex) => idsByPlace(book, book.packageVersions(), ({ upgrade }) => upgrade !== null);
  return byPackages((question, place) => {
    const fixed = question.once(ask).get(place) ?? [];
    if (isFixable) return fixed;
    const known = new Set(fixed);
    return [...question.index.book.packagesOf(place)].filter((id) => !known.has(id));
  });
}

/** Found now as sure as passes: confirmed, potential or information. */
export function asSure(passes: (confidence: string) => boolean): DetectionTest {
  const ask = ({ book }: OrganizationIndex) => idsByPlace(book, book.packageVersions(), ({ potential }) => potential);
  const isPotential = byPackages((question, place) => question.once(ask).get(place) ?? []);
  const ofOthers = passes('potential') === passes('information') ? null : passes('potential') ? isPotential : not(isPotential);
  return (candidate) => {
    if (candidate.ranked.confirmed) return passes('confirmed');
    return ofOthers ? ofOthers(candidate) : passes('information');
  };
}

/** Those of these package versions about which a verdict says now what is wanted, by the check's place. */
function idsByPlace(
  book: VerdictBook,
  ids: Iterable<number>,
  isWanted: (verdict: KnownVerdict) => boolean,
): Map<number, number[]> {
  const byPlace = new Map<number, number[]>();
  for (const id of ids) {
    for (const verdict of book.verdictsOn(id)) {
      if (!holds(verdict) || !isWanted(verdict)) continue;
      const known = byPlace.get(verdict.place);
      if (!known) byPlace.set(verdict.place, [id]);
      else if (known.at(-1) !== id) known.push(id);
    }
  }
  return byPlace;
}

function byPackages(idsOf: (question: Question, place: number) => readonly number[]): DetectionTest {
  return ({ question, ranked: { place } }) => {
    const { index } = question;
    const ids = idsOf(question, place);
    if (ids.length === 0) return false;
    if (ids.length === index.book.packagesOf(place).size) return true;
    return partOf(ids.join(), () => index.packages.assetsWithAny(ids));
  };
}

/** In a status that passes: new for so many days. */
export function inStatus(passes: (status: string) => boolean, newForDays: number): DetectionTest {
  const [fixed, reopened, fresh, active] = ['fixed', 'reopened', 'new', 'active'].map(passes);
  const isWanted = { fixed: fixed === true, reopened: reopened === true, fresh: fresh === true, active: active === true };
  return (candidate) => {
    const { question, ranked, detections } = candidate;
    const isAgeAsked = isWanted.fresh !== isWanted.active;
    const recent = isAgeAsked ? question.since(question.moment - newForDays * dayMs) : null;
    const isOwn = !detections.wasFixed.isEmpty;
    if (!isOwn && (!recent || recent.isQuiet(ranked.place))) return isWanted.active;
    if (!isOwn && recent && !recent.hasLogged(ranked.place)) {
      const { born } = recent;
      if (isWanted.fresh) return { key: '', isNew: false, isWithin: false, assets: () => born };
      return partWithin('', () => recent.olderAmong(candidate.universe));
    }
    return partWithin(null, () => ofStatus(candidate, isWanted, newForDays));
  };
}

interface WantedStatus {
  readonly fixed: boolean;
  readonly reopened: boolean;
  readonly fresh: boolean;
  readonly active: boolean;
}

function ofStatus(candidate: Candidate, wanted: WantedStatus, newForDays: number): RoaringBitmap32 {
  const { question, ranked, detections, isOpen } = candidate;
  const parts: RoaringBitmap32[] = [];
  if (wanted.fixed) parts.push(new RoaringBitmap32(candidate.gone));
  if (wanted.reopened) parts.push(RoaringBitmap32.and(isOpen, detections.wasFixed));
  if (wanted.fresh && wanted.active) parts.push(RoaringBitmap32.andNot(isOpen, detections.wasFixed));
  if (wanted.fresh !== wanted.active) {
    const recent = question.since(question.moment - newForDays * dayMs);
    const { place } = ranked;
    const ofAge = wanted.fresh ? recent.foundAmong(place, isOpen) : recent.foundBeforeAmong(place, isOpen);
    if (!detections.wasFixed.isEmpty) ofAge.andNotInPlace(detections.wasFixed);
    parts.push(ofAge);
  }
  const [result, ...others] = parts;
  for (const part of others) {
    result?.orInPlace(part);
    part.dispose();
  }
  return result ?? new RoaringBitmap32();
}

/** First found at a moment or later, and before another; both in ms since 1970. */
export function firstFound({ from, until }: { readonly from: number; readonly until: number }): DetectionTest {
  return (candidate) => {
    const { question, ranked } = candidate;
    const { place } = ranked;
    const late = from === -Infinity ? null : question.since(from);
    const later = until === Infinity ? null : question.since(until);
    if (late?.isQuiet(place)) return false;
    if (!later && !late) return true;
    if (!late && later?.isQuiet(place)) return true;
    if (late?.hasLogged(place) || later?.hasLogged(place)) return partWithin(null, () => foundBetween(candidate, late, later));
    if (late && !later) return { key: '', isNew: false, isWithin: false, assets: () => late.born };
    return partWithin('', () => {
      const found = later ? later.olderAmong(candidate.universe) : new RoaringBitmap32(candidate.universe);
      if (late) found.andInPlace(late.born);
      return found;
    });
  };
}

function foundBetween(
  { universe, ranked: { place } }: Candidate,
  late: RecentTransitions | null,
  later: RecentTransitions | null,
): RoaringBitmap32 {
  const found = late ? late.foundAmong(place, universe) : new RoaringBitmap32(universe);
  if (!later) return found;
  const before = later.foundBeforeAmong(place, found);
  found.dispose();
  return before;
}

/** Gone, and that at this moment or later; null for whenever. What came back is not. */
export function goneSince(moment: number | null): DetectionTest {
  return (candidate) => {
    const { question, ranked, detections } = candidate;
    const ended = moment === null ? detections.wasFixed : question.since(moment).ended(ranked.place);
    if (!ended || ended.isEmpty) return false;
    return partWithin(null, () => RoaringBitmap32.and(candidate.gone, ended));
  };
}

/**
 * Found at some moment of a time that begins within the index's window, as whatever, and ends before `until`; of what is still to come
 * nothing is known.
 */
export function openWithin({ from, until }: { readonly from: number; readonly until: number }): DetectionTest {
  return (candidate) => {
    const { question, ranked } = candidate;
    const last = Math.min(until - 1, question.moment);
    if (from > last) return false;
    const [begin, end] = [question.at(from), question.at(last)];
    if (!begin.isQuiet(ranked.place)) return partOf(null, () => foundWithin(ranked.place, begin, { end, last }));
    // What is gone now was gone then.
    if (end.unborn.isEmpty && !question.lookedAt.isWithGone) return true;
    return partWithin('', () => RoaringBitmap32.andNot(candidate.isOpen, end.unborn));
  };
}

/** What moved was there before or after; what came with its asset and stayed is there at the end. */
function foundWithin(
  place: number,
  begin: PastMoment,
  { end, last }: { readonly end: PastMoment; readonly last: number },
): RoaringBitmap32 {
  const { open, information } = begin.found(place);
  information.dispose();
  if (begin === end) return open;
  const later = end.found(place);
  const moved = begin.movedUntil(place, last);
  open.orInPlace(later.open).orInPlace(moved);
  for (const bitmap of [later.open, later.information, moved]) bitmap.dispose();
  return open;
}

/** What an upgrade whose key passes removes alone: what fix lists say of it. */
export function removedBy(passes: (key: string) => boolean): DetectionTest {
  return ({ question: { index }, ranked: { place } }) => {
    const { book, packages } = index;
    const byKey = new Map<string, Set<number>>();
    for (const id of book.packagesOf(place)) {
      const key = book.verdictsOn(id).find((one) => one.place === place && holds(one))?.upgrade?.key;
      if (key !== undefined && passes(key)) byKey.set(key, (byKey.get(key) ?? new Set()).add(id));
    }
    if (byKey.size === 0) return false;
    return partOf(null, () => {
      const removed = new RoaringBitmap32();
      for (const own of byKey.values()) {
        const gone = goneWithout(index, place, own, (ids) => packages.assetsWithAny([...ids]));
        removed.orInPlace(gone);
        gone.dispose();
      }
      return removed;
    });
  };
}

/** Whether an exception covers it, where that passes. */
export function covered(passes: (isCovered: boolean) => boolean): DetectionTest {
  return (candidate) => {
    const { question, ranked, isCovered } = candidate;
    if (!isCovered || passes(true) === passes(false)) return passes(false);
    return partWithin(null, () => {
      const under = question.index.excepted.byPlace.get(ranked.place) ?? nowhere;
      const isUnder = RoaringBitmap32.and(candidate.isOpen, under);
      if (passes(true)) return isUnder;
      const rest = RoaringBitmap32.andNot(candidate.universe, isUnder);
      isUnder.dispose();
      return rest;
    });
  };
}

/** Under an exception whose id passes, whatever other one covers it, too. */
export function coveredBy(passes: (id: string) => boolean): DetectionTest {
  return (candidate) => {
    if (!candidate.isCovered) return false;
    return partWithin(null, () => {
      const under = new RoaringBitmap32();
      for (const [id, byPlace] of candidate.question.index.excepted.byException) {
        const assets = passes(id) ? byPlace.get(candidate.ranked.place) : undefined;
        if (assets) under.orInPlace(assets);
      }
      under.andInPlace(candidate.isOpen);
      return under;
    });
  };
}

const nowhere = new RoaringBitmap32();
