import { findEcosystem } from '@vedette/ecosystems';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { npmRange } from './npm-range.ts';
import { npmStatements } from './npm-statements.ts';

/** `[from, to)` and the like, as mathematicians write it. */
function written(text: string): string[] | null {
  return (
    npmRange(text)?.map(
      ({ from, to }) => `${from?.inclusive ? '[' : '('}${from?.version ?? ''},${to?.version ?? ''}${to?.inclusive ? ']' : ')'}`,
    ) ?? null
  );
}

describe('npmRange', () => {
  it.each([
    ['<1.2.3', ['(,1.2.3)']],
    ['<= 1.2.3', ['(,1.2.3]']],
    ['>= 1.0.0 < 2.0.0 || 3.1.4', ['[1.0.0,2.0.0)', '[3.1.4,3.1.4]']],
    ['<2.0.0 >1.0.0', ['(1.0.0,2.0.0)']],
    ['*', ['(,)']],
    ['5.x', ['[5.0.0,6.0.0-0)']],
    ['0.1.x || 2', ['[0.1.0,0.2.0-0)', '[2.0.0,3.0.0-0)']],
    ['~1.2.3', ['[1.2.3,1.3.0-0)']],
    ['^1.2.3', ['[1.2.3,2.0.0-0)']],
    ['^0.2.3', ['[0.2.3,0.3.0-0)']],
    ['^0.0.3', ['[0.0.3,0.0.4-0)']],
    ['<= 1.2', ['(,1.3.0-0)']],
    ['> 1.2', ['[1.3.0,)']],
    ['<=v1.0.0-alpha4', ['(,1.0.0-alpha4]']],
    ['>=1.0.0+build', ['[1.0.0,)']],
  ])('reads %j', (text, expected) => expect(written(text)).toEqual(expected));

  it.each(['latest', '<', '1.2-beta', '>=1.0.0 and <2', '>>1.0.0', `<${'1'.repeat(2000)}`, '1 '.repeat(60)])(
    'takes %j for none',
    (text) => expect(npmRange(text)).toBeNull(),
  );

  it('throws for no text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(() => npmRange(text)).not.toThrow();
      }),
    );
  });

  it('gives versions that the order of npm knows', () => {
    const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)).map((numbers) => numbers.join('.'));
    const range = fc.tuple(fc.constantFrom('<', '<=', '>', '>=', '~', '^', '='), version);
    const compare = findEcosystem('npm')?.compareVersions ?? (() => Number.NaN);
    fc.assert(
      fc.property(range, version, ([operator, bound], other) => {
        const [{ from, to } = { from: null, to: null }] = npmRange(operator + bound) ?? [];
        const inside =
          (from === null || compare(other, from.version) > (from.inclusive ? -1 : 0)) &&
          (to === null || compare(other, to.version) < (to.inclusive ? 1 : 0));
        const order = compare(other, bound);
        const [major, minor] = bound.split('.');
        const sameMinor = other.startsWith(`${major}.${minor}.`);
        const expected = {
          '<': order < 0,
          '<=': order <= 0,
          '>': order > 0,
          '>=': order >= 0,
          '=': order === 0,
          '~': order >= 0 && sameMinor,
          '^': order >= 0 && (major === '0' ? (minor === '0' ? order === 0 : sameMinor) : other.startsWith(`${major}.`)),
        }[operator];
        expect(inside).toBe(expected);
      }),
    );
  });
});

describe('npmStatements', () => {
  const statements = (range: string, patched?: string) =>
    npmStatements('a', npmRange(range) ?? [], patched)?.map(({ status, introduced, fixed, lastAffected, limit }) => [
      status,
      introduced,
      fixed ?? (lastAffected === undefined ? (limit ?? null) : `<= ${lastAffected}`),
    ]);

  it.each([
    ['<1.2.3', undefined, [['fixed', null, '1.2.3']]],
    ['<=1.2.3', undefined, [['affected', null, '<= 1.2.3']]],
    ['<=1.2.3', '1.3.0', [['fixed', null, '1.3.0']]],
    ['<=1.2.3', '1.2.0', [['affected', null, '<= 1.2.3']]],
    ['*', undefined, [['affected', null, null]]],
    ['>1.0.0 <2.0.0', undefined, [['fixed', '1.0.1-0', '2.0.0']]],
    ['5.x', undefined, [['affected', '5.0.0', '6.0.0-0']]],
    ['<1.0.0 >2.0.0', undefined, []],
    ['>1.0.0 <=1.0.0', undefined, []],
  ])('says of %j, patched from %s on', (range, patched, expected) => expect(statements(range, patched)).toEqual(expected));
});
