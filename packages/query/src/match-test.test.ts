import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesPattern } from './match-test.ts';

describe('a pattern', () => {
  it('matches what the same regular expression matches', () => {
    const text = fc.stringMatching(/^[ab.]{0,8}$/);
    const pattern = fc.stringMatching(/^[ab.*?]{0,8}$/);
    fc.assert(
      fc.property(text, pattern, (written, wild) => {
        const expression = wild.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesPattern(written, wild)).toBe(new RegExp(`^${expression}$`).test(written));
      }),
      { numRuns: 5000 },
    );
  });

  it('ends soon on one that is made to take long', () => {
    expect(matchesPattern('a'.repeat(4000), `${'*a'.repeat(1500)}b`)).toBe(false);
  });
});
