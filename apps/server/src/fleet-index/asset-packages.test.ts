import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AssetPackages } from './asset-packages.ts';

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
      const model = new Map<number, Set<number>>();
      for (const one of steps) {
        if ('put' in one) {
          packages.put(one.asset, Uint32Array.from(one.put).sort());
          model.set(one.asset, new Set(one.put));
          continue;
        }
        packages.change(one.asset, one.added, one.removed);
        const set = model.get(one.asset) ?? new Set();
        // A base of its own begins with what came.
        if (model.has(one.asset)) for (const id of one.removed) set.delete(id);
        for (const id of one.added) set.add(id);
        model.set(one.asset, set);
      }
      for (const [number, set] of model) {
        expect([...packages.idsOf(number)]).toEqual([...set].toSorted((a, b) => a - b));
        for (const id of set) expect(packages.has(number, id)).toBe(true);
      }
      for (let id = 1; id <= 60; id += 1) {
        const bitmap = packages.assetsWithAny([id]);
        expect(bitmap.toArray()).toEqual(
          [...model]
            .filter(([, set]) => set.has(id))
            .map(([number]) => number)
            .toSorted((a, b) => a - b),
        );
        bitmap.dispose();
      }
      const both = packages.assetsWithAny([1, 2]);
      expect(both.size).toBe([...model.values()].filter((set) => set.has(1) || set.has(2)).length);
      both.dispose();
      packages.dispose();
    }),
    { numRuns: 300 },
  );
});

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
