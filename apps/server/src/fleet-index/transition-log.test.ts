import fc from 'fast-check';
import { RoaringBitmap32 } from 'roaring-wasm';
import { expect, it } from 'vitest';
import type { Transition } from './detection-history.ts';
import { TransitionLog } from './transition-log.ts';

interface Entry extends Transition {
  readonly place: number;
  readonly assets: number | readonly number[];
}

const day = 24 * 3600 * 1000;
const [places, assets] = [6, 20];
// Few different moments, some of them a millisecond from where a period of the log ends.
const moment = fc.oneof(
  fc.integer({ min: 1, max: 70 }).map((days) => days * day),
  fc.constantFrom(32 * day - 1, 32 * day + 1),
);
const state = fc.constantFrom(0 as const, 1 as const, 2 as const);
const what = { place: fc.nat(places - 1), at: moment, from: state, to: state, first: fc.boolean() };
const someAssets = fc.uniqueArray(fc.nat(assets - 1), { maxLength: 6 });
const single: fc.Arbitrary<Entry> = fc.record({ ...what, assets: fc.nat(assets - 1) });
const many: fc.Arbitrary<Entry> = fc.record({ ...what, assets: someAssets.filter(({ length }) => length > 0) });
const entries = fc.array(fc.oneof({ weight: 4, arbitrary: single }, { weight: 1, arbitrary: many }), { maxLength: 12 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('enter' as const), entries }) },
  // More than wait to be put in order.
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crowd' as const), entry: single, count: fc.constantFrom(3000, 5000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const), moment }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), since: moment, until: moment }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), assets: someAssets }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forgetBefore' as const), moment }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('absorb' as const), entries }) },
);

it('tells what was entered and not forgotten, of any time and of each check, and a copy what was there then', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 14 }), moment, moment, (steps, since, until) => {
      const log = new TransitionLog();
      const [looks, expectedLooks]: [Entry[][], Entry[][]] = [[], []];
      const [copies, expectedCopies]: [TransitionLog[], Entry[][]] = [[], []];
      let known: Entry[] = [];
      for (const one of steps) {
        if (one.kind === 'enter') enter(log, one.entries);
        if (one.kind === 'crowd') enter(log, crowdOf(one));
        if (one.kind === 'absorb') log.absorb(logOf(one.entries));
        if (one.kind === 'forget') log.forget(new Set(one.assets));
        if (one.kind === 'forgetBefore') log.forgetBefore(one.moment);
        known = entriesAfter(known, one);
        if (one.kind === 'look') looks.push(allOf(log, one.moment));
        if (one.kind === 'look') expectedLooks.push(within(known, one.moment));
        if (one.kind === 'copy') copies.push(log.copy(one.since, one.until));
        if (one.kind === 'copy') expectedCopies.push(within(known, one.since, one.until));
      }
      expect(looks).toEqual(expectedLooks);
      expect(allOf(log, since, until)).toEqual(within(known, since, until));
      for (let place = 0; place < places; place += 1) {
        const own = within(known, since).filter((one) => one.place === place && typeof one.assets === 'number');
        expect(runsOf(log, place, since)).toEqual(own);
      }
      log.dispose();
      expect(copies.map((copy) => allOf(copy, 0))).toEqual(expectedCopies);
    }),
    { numRuns: 60 },
  );
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function entriesAfter(known: Entry[], one: Step): Entry[] {
  switch (one.kind) {
    case 'enter':
    case 'absorb':
      return [...known, ...one.entries];
    case 'crowd':
      return [...known, ...crowdOf(one)];
    case 'forget':
      return known.flatMap((entry) => {
        if (typeof entry.assets === 'number') return one.assets.includes(entry.assets) ? [] : [entry];
        const left = entry.assets.filter((asset) => !one.assets.includes(asset));
        return left.length === 0 ? [] : [{ ...entry, assets: left }];
      });
    case 'forgetBefore':
      return within(known, one.moment);
    case 'look':
    case 'copy':
      return known;
  }
}

function crowdOf({ entry, count }: { readonly entry: Entry; readonly count: number }): Entry[] {
  return Array.from({ length: count }, (_, number) => ({
    ...entry,
    place: (entry.place + number) % places,
    assets: (number * 7) % assets,
    at: entry.at + ((number * 7919) % (3 * day)),
  }));
}

function enter(log: TransitionLog, list: readonly Entry[]): void {
  for (const { place, assets: own, ...transition } of list) {
    if (typeof own === 'number') log.add(place, own, transition);
    else log.addMany(place, new RoaringBitmap32(own), transition);
  }
}

function logOf(list: readonly Entry[]): TransitionLog {
  const log = new TransitionLog();
  enter(log, list);
  return log;
}

function within(list: readonly Entry[], since: number, until = Number.POSITIVE_INFINITY): Entry[] {
  return inOrder(list.filter(({ at }) => at >= since && at <= until));
}

function allOf(log: TransitionLog, since: number, until?: number): Entry[] {
  const found: Entry[] = [];
  log.forEach(
    since,
    ({ assets: own, ...one }) => void found.push({ ...one, assets: typeof own === 'number' ? own : own.toArray() }),
    until,
  );
  return inOrder(found);
}

/** Throws where a run is not in order of time. */
function runsOf(log: TransitionLog, place: number, since: number): Entry[] {
  const found: Entry[] = [];
  log.forEachRunOf(place, since, (run) => {
    const numbers = Array.from({ length: run.end - run.begin }, (_, count) => run.begin + count);
    const times = numbers.map((number) => run.at(number));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    for (const number of numbers) {
      const [at, from, to, first] = [run.at(number), run.from(number), run.to(number), run.isFirst(number)];
      found.push({ place: run.place, assets: run.asset(number), at, from, to, first });
    }
  });
  return inOrder(found);
}

function inOrder(list: readonly Entry[]): Entry[] {
  const keyed = list.map(({ place, assets: own, at, from, to, first }) => {
    const entry = { place, assets: typeof own === 'number' ? own : own.toSorted((a, b) => a - b), at, from, to, first };
    return [JSON.stringify(Object.values(entry)), entry] as const;
  });
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
