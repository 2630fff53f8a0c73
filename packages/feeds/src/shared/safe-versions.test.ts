import { findEcosystem } from '@vedette/ecosystems';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intersection, type Interval, unsafeStatements } from './safe-versions.ts';

const crates = { ecosystem: 'crates', package: 'x' } as const;
const read = (requirement: string) => intersection(requirement, () => null);
const unsafe = (...requirements: string[]) =>
  unsafeStatements(
    crates,
    requirements.flatMap((one) => read(one) ?? []),
    (version) => `${version}+after`,
  )?.map(({ introduced, fixed, lastAffected }) => `${introduced ?? ''}..${fixed ?? (lastAffected ? `=${lastAffected}` : '')}`);

describe('unsafeStatements', () => {
  it.each([
    [[], ['..']],
    [['>= 1.2.0'], ['..1.2.0']],
    [['> 1.2.0'], ['..=1.2.0']],
    [
      ['>= 1.2.0, < 1.3.0', '>= 1.3.4'],
      ['..1.2.0', '1.3.0..1.3.4'],
    ],
    [['>= 1.3.4', '< 1.0.0'], ['1.0.0..1.3.4']],
    [['<= 1.0.0'], ['1.0.0+after..']],
    [['= 1.0.0'], ['..1.0.0', '1.0.0+after..']],
    [['>= 1.0.0', '>= 0.5.0, < 2.0.0'], ['..0.5.0']],
    [['>= 1.0.0, < 2.0.0', '>= 2.0.0'], ['..1.0.0']],
    [['< 5.0.0', '>= 1.0.0'], []],
    [['< 1.0.2', '> 1.0.2'], ['1.0.2..=1.0.2']],
    [['< 1.0.2', '>= 1.0.2'], []],
  ] as const)('%j leaves %j', (safe, expected) => expect(unsafe(...safe)).toEqual(expected));

  it('is nothing where a version is none', () => {
    expect(unsafeStatements(crates, [{ from: { version: '$(id)', inclusive: true }, to: null }], String)).toBeNull();
  });

  it('covers exactly the versions that no interval covers', () => {
    const version = fc.tuple(fc.nat(3), fc.nat(3)).map(([major, minor]) => `${major}.${minor}.0`);
    const compare = findEcosystem('crates')?.compareVersions ?? (() => 0 as const);
    const interval = fc.tuple(fc.option(version), fc.option(version)).map(([from, to]): Interval => ({
      from: from === null ? null : { version: from, inclusive: true },
      to: to === null ? null : { version: to, inclusive: false },
    }));
    const isSafe = (one: string, { from, to }: Interval) =>
      (from === null || compare(one, from.version) >= 0) && (to === null || compare(one, to.version) < 0);
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 4 }), version, (drawn, one) => {
        const intervals = drawn.filter(({ from, to }) => from === null || to === null || compare(from.version, to.version) < 0);
        const statements = unsafeStatements(crates, intervals, (v) => v) ?? [];
        const affected = statements.filter(
          ({ introduced, fixed }) =>
            (introduced === null || compare(one, introduced) >= 0) && (fixed === null || compare(one, fixed) < 0),
        );
        expect(affected.length).toBe(intervals.some((safe) => isSafe(one, safe)) ? 0 : 1);
      }),
    );
  });
});

describe('intersection', () => {
  it.each(['', '>=', '>= 1 2', 'latest', '>= $(id)', '!= 1', '>= 1,, < 2'])('does not understand %j', (text) => {
    expect(read(text)).toBeNull();
  });
});
