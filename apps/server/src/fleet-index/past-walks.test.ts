import fc from 'fast-check';
import { riskScore, riskWeight, usualContext } from '@vedette/matching';
import { RoaringBitmap32 } from 'roaring-wasm';
import { expect, it } from 'vitest';
import { usualContexts } from '../risk/asset-contexts.ts';
import { riskOfFleet, toCheckRisk } from '../risk/fleet-risk.ts';
import { fleetRiskAt } from '../risk/fleet-risk-at.ts';
import { byFirstFound } from './by-first-found.ts';
import { byLastEnd } from './by-last-end.ts';
import { CheckDetections } from './check-detections.ts';
import { countEachAt } from './count-each-at.ts';
import type { FoundState, Transition } from './detection-history.ts';
import { nothingExcepted } from './excepted.ts';
import { OrganizationIndex } from './organization-index.ts';
import type { SelectWithin } from './page-by-asset.ts';
import { pageByTimes } from './page-by-times.ts';
import { differenceByAsset, differenceByCheck } from './past-difference.ts';
import { PastMoment } from './past-moment.ts';
import { RecentTransitions } from './recent-transitions.ts';
import { wishOf } from './select-detections.ts';
import { countDetections, countFoundAt } from './summarize-fleet.ts';
import { VerdictBook } from './verdict-book.ts';
import { DetectionVisits } from './visit-detections.ts';

const day = 24 * 3600 * 1000;
const now = Date.parse('2026-11-22T12:00:00Z');
const [assetCount, checkCount, severities] = [6, 4, 5];
const assets = Array.from({ length: assetCount }, (_, asset) => asset);
const places = Array.from({ length: checkCount }, (_, place) => place);

/** Days before now; often several things happen at once. */
const ago = fc.integer({ min: 1, max: 30 });
const state: fc.Arbitrary<FoundState> = fc.constantFrom(0, 1, 2);
const event = fc.record({
  ago,
  hours: fc.nat(5),
  place: fc.nat(checkCount - 1),
  assets: fc.uniqueArray(fc.nat(assetCount - 1), { minLength: 1 }),
  to: state,
  /** Entered as one for all of the assets. */
  isBulk: fc.boolean(),
  /** What was entered so far is put in order. */
  isSettled: fc.boolean(),
});
const parts = {
  births: fc.array(fc.oneof(fc.constant(40), ago), { minLength: assetCount, maxLength: assetCount }),
  /** At their births. */
  states: fc.array(state, { minLength: assetCount * checkCount, maxLength: assetCount * checkCount }),
  events: fc.array(event, { maxLength: 40 }),
  // Other than in order of time, as when histories are read asset by asset.
  isShuffled: fc.boolean(),
};
const fleet = fc.record(parts);
/** More happens in it than is looked at at a time. */
const busyFleet = fc.record({ ...parts, events: fc.array(event, { minLength: 200, maxLength: 240 }) });

type Pair = [number[], number[]];
type Fleet = typeof fleet extends fc.Arbitrary<infer Value> ? Value : never;

/** One detection: when its asset came, with what, and what became of it. */
interface History {
  readonly birth: number;
  readonly atBirth: FoundState;
  readonly transitions: Transition[];
}

it('says of any moment what playing the histories up to it does', () => {
  fc.assert(
    fc.property(fleet, fc.uniqueArray(fc.integer({ min: 0, max: 62 }), { minLength: 1, maxLength: 5 }), (one, halfDays) => {
      const [index, histories] = play(one);
      const moments = halfDays.map((half) => now - half * (day / 2)).sort((a, b) => a - b);
      const stateOf = (place: number, asset: number, moment: number): FoundState => stateAt(histories(place, asset), moment);
      const born = (asset: number, moment: number): boolean => histories(0, asset).birth <= moment;
      const risks: number[] = [];
      const totals: number[][] = [];
      for (const moment of moments) {
        const past = new PastMoment(index, moment);
        for (const place of places) {
          const open = assets.filter((asset) => stateOf(place, asset, moment) !== 0);
          const information = assets.filter((asset) => stateOf(place, asset, moment) === 1);
          const found = past.found(place);
          expect([found.open.toArray(), found.information.toArray()]).toEqual([open, information]);
          expect(past.count(place)).toEqual({ open: open.length, information: information.length });
        }
        past.dispose();
        const countOf = countEachAt(index, moment, nothingExcepted);
        const each = assets.map((asset) => countSeverities(index, [asset], (place) => stateOf(place, asset, moment)));
        expect(assets.map((asset) => bySeverity((severity) => countOf(asset, severity)))).toEqual(each);
        totals.push(bySeverity((severity) => each.reduce((sum, counts) => sum + (counts[severity - 1] ?? 0), 0)));
        const weights = places.flatMap((place) => assets.map((asset) => weightOf(index, place, stateOf(place, asset, moment))));
        const there = assets.filter((asset) => born(asset, moment)).length;
        risks.push(
          riskOfFleet(
            weights.reduce((sum, weight) => sum + weight, 0),
            there,
          ),
        );
      }
      expect(countFoundAt(index, moments)).toEqual(totals);
      for (const [number, risk] of fleetRiskAt(index, usualContexts, moments).entries())
        expect(risk).toBeCloseTo(risks[number] ?? -1);
      index.dispose();
    }),
    { numRuns: 200 },
  );
});

it('says what was first found and what ended since any moment', () => {
  fc.assert(
    fc.property(fleet, fc.integer({ min: 0, max: 31 }), (one, days) => {
      const [index, histories] = play(one);
      const since = now - days * day;
      const recent = new RecentTransitions(index, since);
      let [found, fixed] = [0, 0];
      for (const place of places) {
        const { open } = index.checks[place] ?? new CheckDetections();
        const isFresh = (asset: number): boolean => firstFound(histories(place, asset)) >= since;
        const isLate = (asset: number): boolean =>
          histories(place, asset).transitions.some(({ at, from, first }) => at >= since && from === 0 && first);
        const hasEnded = (asset: number): boolean =>
          histories(place, asset).transitions.some(({ at, to }) => at >= since && to === 0);
        const fresh = recent.foundAmong(place, open);
        expect(fresh.toArray()).toEqual(open.toArray().filter(isFresh));
        const before = recent.foundBeforeAmong(place, open);
        expect(before.toArray()).toEqual(open.toArray().filter((asset) => !isFresh(asset)));
        expect(recent.hasLogged(place)).toBe(assets.some(isLate));
        expect(recent.ended(place)?.toArray() ?? []).toEqual(assets.filter(hasEnded));
        found += fresh.size;
        fixed += assets.filter((asset) => hasEnded(asset) && !open.has(asset)).length;
      }
      expect(recent.countFound(index)).toBe(found);
      expect(countDetections(index, now, days)).toMatchObject({ found, fixed });
      recent.dispose();
      index.dispose();
    }),
    { numRuns: 200 },
  );
});

it('says what came, came back and went between any two moments', () => {
  fc.assert(
    fc.property(fleet, fc.nat(62), fc.nat(62), (one, begin, end) => {
      const [index, histories] = play(one);
      const [from = now, to = now] = [begin, end].map((half) => now - half * (day / 2)).sort((a, b) => a - b);
      const kindOf = (place: number, asset: number): number | null => {
        const history = histories(place, asset);
        const [before, after] = [stateAt(history, from), stateAt(history, to)];
        if ((before === 0) === (after === 0)) return null;
        const isAgain = history.transitions.some(
          (moved) => moved.at > from && moved.at <= to && moved.from === 0 && !moved.first,
        );
        return after === 0 ? 2 : Number(isAgain);
      };
      const [byAsset, byCheck] = [assetCount, checkCount].map((count) => Array.from({ length: 3 * count }, () => 0)) as Pair; // so many are made
      for (const place of places) {
        for (const asset of assets) {
          const kind = kindOf(place, asset);
          if (kind === null) continue;
          byAsset[3 * asset + kind] = (byAsset[3 * asset + kind] ?? 0) + 1;
          byCheck[3 * place + kind] = (byCheck[3 * place + kind] ?? 0) + 1;
        }
      }
      expect([...differenceByAsset(index, { from, to })]).toEqual(byAsset);
      expect([...differenceByCheck(index, { from, to })]).toEqual(byCheck);
      index.dispose();
    }),
    { numRuns: 300 },
  );
});

it('puts what is open and what is gone in order of its times', () => {
  fc.assert(
    fc.property(busyFleet, fc.boolean(), fc.constantFrom(3, 100), (one, isNewestFirst, limit) => {
      const [index, histories] = play(one);
      const way = isNewestFirst ? -1 : 1;
      const all = places.flatMap((place) => assets.map((asset) => ({ place, asset, history: histories(place, asset) })));
      for (const status of ['open', 'fixed'] as const) {
        const order = status === 'open' ? byFirstFound : byLastEnd;
        const timeOfHistory = status === 'open' ? firstFound : lastEnd;
        const wanted = all.filter(({ history }) => {
          const isOpen = stateAt(history, now) !== 0;
          return (status === 'open') === isOpen && timeOfHistory(history) >= index.since;
        });
        const expected = wanted.map(({ history }) => timeOfHistory(history)).sort((a, b) => way * (a - b));
        using visits = new DetectionVisits(index, wishOf({ status }, { asOf: now, newForDays: 7 }));
        const select: SelectWithin = (visit, within) => visits.all(visit, within);
        const wish = { limit, offset: 0, turned: [isNewestFirst] };
        const { items } = pageByTimes(index, wish, { select, earlier: () => undefined, order });
        const times = items.map(({ check, assetId }) => timeOfHistory(histories(check - 1, Number(assetId))));
        expect(times).toEqual(expected.slice(0, limit));
      }
      index.dispose();
    }),
  );
});

function timeOf({ ago: days, hours }: { readonly ago: number; readonly hours: number }): number {
  return now - days * day + hours * (day / 24);
}

/** An index that a fleet's histories lead to, and those histories. */
function play({ births, states, events, isShuffled }: Fleet): [OrganizationIndex, (place: number, asset: number) => History] {
  const index = emptyIndex();
  const histories = places.map((place) =>
    assets.map((asset): History => {
      const birth = now - (births[asset] ?? 0) * day;
      return { birth, atBirth: states[place * assetCount + asset] ?? 0, transitions: [] };
    }),
  );
  const historyOf = (place: number, asset: number): History =>
    histories[place]?.[asset] ?? { birth: 0, atBirth: 0, transitions: [] };
  for (const [asset, days] of births.entries()) index.table.setTimes(asset, now - days * day, now);
  const logged: (() => void)[] = [];
  for (const one of events.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const { place, assets: own, to, isBulk, isSettled } = one;
    const at = timeOf(one);
    const alike = Map.groupBy(own, (asset) => {
      const transition = nextOf(historyOf(place, asset), at, to);
      return transition ? JSON.stringify(transition) : '';
    });
    for (const [key, some] of alike) {
      if (key === '') continue;
      const transition = JSON.parse(key) as Transition; // as it was written above
      for (const asset of some) historyOf(place, asset).transitions.push(transition);
      if (isBulk) logged.push(() => index.log.addMany(place, new RoaringBitmap32(some), transition));
      else for (const asset of some) logged.push(() => index.log.add(place, asset, transition));
    }
    if (isSettled) logged.push(() => index.log.forget(new Set()));
  }
  for (const log of isShuffled ? logged.toReversed() : logged) log();
  for (const place of places) for (const asset of assets) enterNow(index, place, { asset, history: historyOf(place, asset) });
  return [index, historyOf];
}

/** Every check is found as information on something, too. */
function emptyIndex(): OrganizationIndex {
  const book = new VerdictBook();
  for (const place of places) {
    const check = { number: place + 1, name: `check ${place}`, severity: 2 + place, exploited: false, epss: null, cvss: null };
    book.enterCheck(check);
    const of = { packageVersion: check.number, check: check.number, validFrom: 1, from: 0, until: Number.POSITIVE_INFINITY };
    book.enterVerdict({ ...of, confirmed: false, potential: false, upgrade: null });
  }
  const index = new OrganizationIndex(book, now);
  const about = { hostname: '', os: '', ecosystem: '', release: '', architecture: '', agentVersion: null };
  for (const asset of assets)
    index.enterAsset({
      ...about,
      number: asset + 1,
      assetId: `${asset}`,
      pendingRestart: false,
      firstSeen: 0,
      hasCheckedIn: true,
    });
  return index;
}

/** Null where nothing happens: a detection changes once at a moment, and later than its asset came. */
function nextOf({ birth, atBirth, transitions }: History, at: number, to: FoundState): Transition | null {
  const last = transitions.at(-1);
  const from = last?.to ?? atBirth;
  if (from === to || at <= (last?.at ?? birth)) return null;
  const wasThere = atBirth !== 0 || transitions.length > 0;
  const wasGone = transitions.some((one) => one.to === 0);
  return { at, from, to, first: from === 0 ? !wasThere : to === 0 && !wasGone };
}

function enterNow(
  index: OrganizationIndex,
  place: number,
  { asset, history }: { readonly asset: number; readonly history: History },
): void {
  const found = (index.checks[place] ??= new CheckDetections());
  const own = stateAt(history, now);
  found.set(asset, own);
  if (history.transitions.some(({ to }) => to === 0)) found.wasFixed.add(asset);
  if (own !== 0) index.table.count(asset, own === 2 ? (index.book.checks[place]?.severity ?? 1) : 1, 1);
}

function stateAt({ birth, atBirth, transitions }: History, moment: number): FoundState {
  if (birth > moment) return 0;
  return transitions.findLast(({ at }) => at <= moment)?.to ?? atBirth;
}

function firstFound({ birth, atBirth, transitions }: History): number {
  if (atBirth !== 0) return birth;
  return transitions.find(({ from, first }) => from === 0 && first)?.at ?? Number.NEGATIVE_INFINITY;
}

function lastEnd({ transitions }: History): number {
  return transitions.findLast(({ to }) => to === 0)?.at ?? Number.NEGATIVE_INFINITY;
}

function countSeverities(index: OrganizationIndex, own: readonly number[], stateOf: (place: number) => FoundState): number[] {
  const severityOf = (place: number): number => (stateOf(place) === 2 ? (index.book.checks[place]?.severity ?? 1) : 1);
  return bySeverity((severity) => {
    const found = places.filter((place) => stateOf(place) !== 0 && severityOf(place) === severity);
    return found.length * own.length;
  });
}

function bySeverity(count: (severity: number) => number): number[] {
  return Array.from({ length: severities }, (_, number) => count(number + 1));
}

function weightOf({ book }: OrganizationIndex, place: number, own: FoundState): number {
  const check = book.checks[place];
  return own === 0 || !check ? 0 : riskWeight(riskScore(toCheckRisk(check), own === 2, usualContext));
}
