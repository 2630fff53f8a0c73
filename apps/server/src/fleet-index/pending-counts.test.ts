import fc from 'fast-check';
import { RoaringBitmap32 } from 'roaring-wasm';
import { expect, it } from 'vitest';
import { AssetTable } from './asset-table.ts';
import { PendingCounts } from './pending-counts.ts';

const assets = 40;

/** Few different sets, some of them alike in size, least and greatest number. */
const set = fc.constantFrom([], [0], [0, 1, 39], [0, 2, 39], [0, 1, 2, 39], [5, 6], [39]);
const addition = fc.record({ set, severity: fc.integer({ min: 1, max: 5 }), change: fc.constantFrom(-1, 1) });

it('adds to every asset what counting it one by one would, whatever sets are alike', () => {
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 30 }), fc.integer({ min: 0, max: 30 }), (additions, settledAfter) => {
      const [table, expected] = [tableOf(), tableOf()];
      const counts = new PendingCounts(table);
      for (const [index, one] of additions.entries()) {
        const bitmap = new RoaringBitmap32(one.set);
        counts.add(bitmap, one.severity, one.change);
        bitmap.dispose();
        for (const asset of one.set) expected.count(asset, one.severity, one.change);
        if (index === settledAfter) counts.settle();
      }
      counts.settle();
      counts.settle();
      expect(countsOf(table)).toEqual(countsOf(expected));
    }),
  );
});

it('takes more different sets than it keeps', () => {
  const [table, expected] = [tableOf(), tableOf()];
  const counts = new PendingCounts(table);
  for (let bits = 1; bits < 1000; bits += 1) {
    const list = Array.from({ length: 10 }, (_, asset) => asset).filter((asset) => ((bits >> asset) & 1) === 1);
    const bitmap = new RoaringBitmap32(list);
    counts.add(bitmap, 1 + (bits % 5), 1);
    bitmap.dispose();
    for (const asset of list) expected.count(asset, 1 + (bits % 5), 1);
  }
  counts.settle();
  expect(countsOf(table)).toEqual(countsOf(expected));
});

function tableOf(): AssetTable {
  const table = new AssetTable();
  for (let number = 1; number <= assets; number += 1) table.enter({ number } as Parameters<AssetTable['enter']>[0]); // only counted here
  return table;
}

function countsOf(table: AssetTable): number[] {
  return Array.from({ length: assets * 5 }, (_, index) => table.countFound(Math.floor(index / 5), 1 + (index % 5)));
}
