import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SumsAtMoments } from './sums-at-moments.ts';

it('adds to the moments of a stretch, or to one, what adding one by one does', () => {
  const moment = fc.integer({ min: 0, max: 12 });
  const stretch = fc.tuple(moment, moment, fc.integer({ min: -9, max: 9 }));
  fc.assert(
    fc.property(
      fc.uniqueArray(moment),
      fc.array(stretch),
      fc.array(fc.tuple(fc.nat(12), fc.nat(9))),
      (some, stretches, single) => {
        const moments = some.toSorted((a, b) => a - b);
        const sums = new SumsAtMoments(moments);
        const expected = moments.map(() => 0);
        for (const [from, until, value] of stretches) {
          sums.add(from, until, value);
          for (const [place, at] of moments.entries())
            if (at >= from && at < until) expected[place] = (expected[place] ?? 0) + value;
        }
        for (const [place, value] of single.filter(([at]) => at < moments.length)) {
          sums.addBetween(place, place + 1, value);
          expected[place] = (expected[place] ?? 0) + value;
        }
        expect(sums.sums()).toEqual(expected);
      },
    ),
  );
});
