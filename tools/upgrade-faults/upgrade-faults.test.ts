import { afterAll, describe, expect, it } from 'vitest';
import { Launcher } from './launch.ts';
import { hasFailed, simulate, stories } from './simulate.ts';

const launcher = new Launcher();
afterAll(() => launcher[Symbol.dispose]());

describe('an upgrade that is interrupted', () => {
  it('always starts the old version or the new one, and tells how it ended', () => {
    const ends = [...stories(40, launcher)].map((story) => simulate(story, launcher));
    expect(ends.filter(hasFailed)).toEqual([]);
    expect(ends.filter(({ crashed }) => crashed > 0).length).toBeGreaterThan(30);
  }, 120_000);

  it.each(['file', 'directory'] as const)(
    'is noticed to go wrong where a sync is left out: %s',
    (forgets) => {
      // At the last write of a trial's record the power goes: what it refers to must be on the disk.
      const steps = simulate({ scenario: 'from-slot', quality: 'good', crashes: [], seed: 1 }, launcher).steps;
      const isNoticed = Array.from({ length: 150 }, (_, index) => index + 1).some((seed) =>
        hasFailed(
          simulate(
            { scenario: 'from-slot', quality: 'good', crashes: [{ step: 1 + (seed % steps), power: true }], seed },
            launcher,
            forgets,
          ),
        ),
      );
      expect(isNoticed).toBe(true);
    },
    120_000,
  );
});
