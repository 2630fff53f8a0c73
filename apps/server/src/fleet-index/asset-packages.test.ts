import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AssetPackages } from './asset-packages.ts';
import { BornAssets } from './born-assets.ts';
import { came, went } from './detection-history.ts';
import { PastPackages } from './past-packages.ts';
import { TransitionLog } from './transition-log.ts';

type Step = { asset: number; put: number[] } | { asset: number; added: number[]; removed: number[] };
const ids = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
const asset = fc.nat(6);
const step: fc.Arbitrary<Step> = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({ asset, put: ids }),
  fc.record({ asset, added: ids, removed: ids }),
);

it('whatever is put and changed, each asset has what plain sets say, and each package version is on the assets they say', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const packages = new AssetPackages();
      const model: Model = new Map();
      for (const one of steps) apply(one, packages, model);
      expect(saidBy(packages, [...model.keys()])).toEqual(saidByModel(model));
      packages.dispose();
    }),
    { numRuns: 300 },
  );
});

it('a copy has what it was made of, and none of all changes with another', () => {
  const stepsOf = fc.array(step, { maxLength: 30 });
  fc.assert(
    fc.property(stepsOf, fc.array(stepsOf, { maxLength: 3 }), stepsOf, (before, copies, after) => {
      const known = [{ packages: new AssetPackages(), model: new Map() as Model }];
      const expectAll = (): void => {
        for (const { packages, model } of known) expect(saidBy(packages, [...model.keys()])).toEqual(saidByModel(model));
      };
      for (const one of before) apply(one, known[0]!.packages, known[0]!.model);
      for (const steps of copies) {
        const { packages, model } = known.at(-1)!;
        const copy = packages.copy();
        const own: Model = new Map([...model].map(([number, set]) => [number, new Set(set)]));
        known.push({ packages: copy, model: own });
        expectAll();
        for (const one of steps) apply(one, copy, own);
      }
      for (const one of after) apply(one, known[0]!.packages, known[0]!.model);
      expectAll();
      for (const { packages } of known.splice(1)) packages.dispose();
      expectAll();
    }),
    { numRuns: 200 },
  );
});

it('the past has what assets had then, whatever came and went since and whatever comes later', () => {
  const numbers = fc.uniqueArray(fc.nat(6), { maxLength: 3 });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(ids, { maxLength: 7 }),
      numbers,
      ids,
      (steps, then, unborn, passing) => {
        const packages = new AssetPackages();
        const now: Model = new Map();
        for (const one of steps) apply(one, packages, now);
        const [since, model] = [new TransitionLog(), new Map() as Model];
        for (const [number, own] of now) {
          const had = new Set(unborn.includes(number) ? [] : (then[number] ?? own));
          model.set(number, had);
          if (unborn.includes(number)) continue;
          for (const id of had) if (!own.has(id)) since.add(id, number, { at: 5, ...went });
          for (const id of own) if (!had.has(id)) since.add(id, number, { at: 5, ...came });
          // What came and went in between, and what went and came again.
          for (const id of passing) {
            since.add(id, number, { at: 3, ...(had.has(id) ? went : came) });
            since.add(id, number, { at: 4, ...(had.has(id) ? came : went) });
          }
        }
        // Of an asset that came later there is more to undo.
        for (const number of unborn) since.add(1, number, { at: 6, ...came });
        const births = Float64Array.from({ length: 10 }, (_, number) => Number(unborn.includes(number)));
        const born = new BornAssets(births, 0);
        const past = new PastPackages(packages.copy(), { born, since });
        const expectThen = (): void => expect(saidBy(past, [...model.keys()])).toEqual(saidByModel(model));
        expectThen();
        expect(new Set(past.packageVersions())).toEqual(new Set([...model.values()].flatMap((own) => [...own])));
        for (const one of steps) apply(one, packages, now);
        expectThen();
        past.dispose();
        expect(saidBy(packages, [...now.keys()])).toEqual(saidByModel(now));
      },
    ),
    { numRuns: 300 },
  );
});

type Model = Map<number, Set<number>>;

function apply(one: Step, packages: AssetPackages, model: Model): void {
  if ('put' in one) {
    packages.put(one.asset, Uint32Array.from(one.put).sort());
    model.set(one.asset, new Set(one.put));
    return;
  }
  packages.change(one.asset, one.added, one.removed);
  const set = model.get(one.asset) ?? new Set();
  // A base of its own begins with what came.
  if (model.has(one.asset)) for (const id of one.removed) set.delete(id);
  for (const id of one.added) set.add(id);
  model.set(one.asset, set);
}

const everyId = Array.from({ length: 60 }, (_, index) => index + 1);

/** What is said of these assets and of every package version. */
function saidBy(packages: AssetPackages, assets: readonly number[]) {
  const known = new Set(packages.packageVersions());
  const both = packages.assetsWithAny([1, 2]);
  const withBoth = both.size;
  both.dispose();
  return {
    ids: assets.map((number) => [...packages.idsOf(number)]),
    has: assets.map((number) => everyId.filter((id) => known.has(id) && packages.has(number, id))),
    counts: everyId.map((id) => packages.countWithAny([id])),
    assets: everyId.map((id) => packages.assetsWith(id).toArray()),
    withBoth,
  };
}

function saidByModel(model: Model): ReturnType<typeof saidBy> {
  const ascending = (list: Iterable<number>) => [...list].toSorted((a, b) => a - b);
  const ids = Array.from(model.values(), ascending);
  const assets = everyId.map((id) => ascending([...model].flatMap(([number, set]) => (set.has(id) ? [number] : []))));
  const withBoth = ids.filter((own) => own.includes(1) || own.includes(2)).length;
  return { ids, has: ids, counts: assets.map(({ length }) => length), assets, withBoth };
}

it('assets of one image share a base, and an empty base is given up', () => {
  const packages = new AssetPackages();
  const image = Uint32Array.from({ length: 400 }, (_, index) => index + 1);
  for (let number = 0; number < 50; number += 1) packages.put(number, Uint32Array.from([...image, 1000 + number]));
  expect(packages.bases).toBe(1);
  for (let number = 0; number < 50; number += 1)
    packages.put(
      number,
      Uint32Array.from({ length: 300 }, (_, index) => 5000 + index),
    );
  expect(packages.bases).toBe(1);
  expect([...packages.packageVersions()].every((id) => id >= 5000)).toBe(true);
});
