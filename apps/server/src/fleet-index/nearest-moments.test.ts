import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NearestMoments } from './nearest-moments.ts';

it('takes the first of all moments in their order, each once, from either end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(300), { maxLength: 500 }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      (moments, count, isDescending) => {
        const nearest = new NearestMoments(count, isDescending);
        for (const at of moments) nearest.offer(at);
        const all = [...new Set(moments)].sort((a, b) => (isDescending ? b - a : a - b));
        expect([...nearest.take()]).toEqual(all.slice(0, count));
      },
    ),
  );
});
