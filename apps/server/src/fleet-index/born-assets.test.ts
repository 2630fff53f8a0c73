import fc from 'fast-check';
import { RoaringBitmap32 } from 'roaring-wasm';
import { expect, it } from 'vitest';
import { AssetTable } from './asset-table.ts';

const names = { assetId: '', hostname: '', os: '', ecosystem: '', release: '', architecture: '', agentVersion: null };
const asset = { ...names, pendingRestart: false, hasCheckedIn: false, firstSeen: 0 };

/** Assets with these times of birth, each with one open detection of the severity that follows from its number. */
function tableOf(births: readonly number[]): AssetTable {
  const table = new AssetTable();
  for (const [number, birth] of births.entries()) {
    const dense = table.enter({ ...asset, number });
    table.setTimes(dense, birth, birth);
    table.count(dense, (number % 5) + 1, 1);
  }
  return table;
}

const births = fc.array(fc.nat(20), { maxLength: 300 });

it('counts those of any assets that were there, in whatever order assets came', () => {
  fc.assert(
    fc.property(births, fc.nat(20), fc.uniqueArray(fc.nat(299)), (times, moment, some) => {
      const table = tableOf(times);
      const chosen = some.filter((number) => number < times.length);
      const [born, assets] = [table.bornBy(moment), new RoaringBitmap32(chosen)];
      expect(born.count(assets)).toBe(chosen.filter((number) => (times[number] ?? 0) <= moment).length);
      const there = born.among(assets);
      expect(there.toArray()).toEqual(chosen.filter((number) => (times[number] ?? 0) <= moment).toSorted((a, b) => a - b));
      expect(chosen.filter((number) => born.has(number)).toSorted((a, b) => a - b)).toEqual(there.toArray());
      const others = born.others(assets);
      expect(others.toArray()).toEqual(chosen.filter((number) => (times[number] ?? 0) > moment).toSorted((a, b) => a - b));
      there.dispose();
      others.dispose();
      expect(born.size).toBe(times.filter((birth) => birth <= moment).length);
      expect(table.bornSince(moment + 1).size).toBe(times.length - born.size);
      born.dispose();
      assets.dispose();
    }),
  );
});

it('counts open detections of those that were there at each of several moments, without those left out', () => {
  fc.assert(
    fc.property(births, fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), fc.boolean(), (times, some, isFirstLeftOut) => {
      const table = tableOf(times);
      const moments = some.toSorted((a, b) => a - b);
      const leftOut = new Int32Array(times.length * 5);
      if (isFirstLeftOut && leftOut.length > 0) leftOut[0] = 1;
      table.leaveOut(leftOut);
      const expected = moments.map((moment) => {
        const counts = [0, 0, 0, 0, 0];
        for (const [number, birth] of times.entries()) {
          if (birth <= moment) counts[number % 5] = (counts[number % 5] ?? 0) + table.countOf(number, (number % 5) + 1);
        }
        return counts;
      });
      expect(table.countBornBy(moments)).toEqual(expected);
    }),
  );
});
