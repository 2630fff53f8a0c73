import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VersionError } from '../errors.ts';
import { debianVersionKey } from './version-key.ts';
import { compareDebianVersions, parseDebianVersion } from './version.ts';

describe('parseDebianVersion', () => {
  it.each([
    ['1.0', { epoch: 0, upstream: '1.0', revision: '' }],
    ['1:2.3-4', { epoch: 1, upstream: '2.3', revision: '4' }],
    ['1:2:3-4-5', { epoch: 1, upstream: '2:3-4', revision: '5' }],
    ['\t 2.36-9+deb12u10 ', { epoch: 0, upstream: '2.36', revision: '9+deb12u10' }],
    ['a1.0', { epoch: 0, upstream: 'a1.0', revision: '' }],
    ['1.0_1', { epoch: 0, upstream: '1.0_1', revision: '' }],
  ])('takes %j apart', (text, parts) => {
    expect(parseDebianVersion(text)).toEqual(parts);
  });

  it.each([
    ['', 'VERSION_EMPTY'],
    [' \t', 'VERSION_EMPTY'],
    ['1.0-', 'VERSION_REVISION_EMPTY'],
    ['1.0-1-', 'VERSION_REVISION_EMPTY'],
    ['-1', 'VERSION_UPSTREAM_EMPTY'],
    ['1:-1', 'VERSION_UPSTREAM_EMPTY'],
    ['1:', 'VERSION_UPSTREAM_EMPTY'],
    [':1.0', 'VERSION_EPOCH'],
    ['a:1.0', 'VERSION_EPOCH'],
    ['-1:1.0', 'VERSION_EPOCH'],
    ['0x1:1', 'VERSION_EPOCH'],
    ['1.0-1:2', 'VERSION_EPOCH'],
    ['2147483648:1', 'VERSION_EPOCH'],
    ['9999999999999999999999:1', 'VERSION_EPOCH'],
    ['1 0', 'VERSION_CHARACTER'],
    ['1.0\n', 'VERSION_CHARACTER'],
    ['1.0\u0000', 'VERSION_CHARACTER'],
    ['1.0-é', 'VERSION_CHARACTER'],
    ['1'.repeat(4097), 'VERSION_TOO_LONG'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => parseDebianVersion(text)).toThrow(expect.objectContaining({ name: 'VersionError', code }));
    expect(() => debianVersionKey(text)).toThrow(VersionError);
    expect(() => compareDebianVersions('1', text)).toThrow(VersionError);
  });

  it('throws nothing but VersionError for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(outcomeOf(text)).not.toBe('another error');
      }),
    );
  });
});

/** Few characters, so that versions often share a beginning and parts end at every kind of place. */
const part = fc.string({
  unit: fc.constantFrom('0', '1', '2', '9', 'a', 'b', 'Z', '~', '+', '.', '00', '255', '99999999999999999999'),
  maxLength: 6,
});
const version = fc
  .tuple(fc.constantFrom('', '0:', '1:', '223:', '224:', '2147483647:'), part, fc.option(part))
  .filter(([, upstream, revision]) => upstream !== '' && revision !== '')
  .map(([epoch, upstream, revision]) => `${epoch}${upstream}${revision === null ? '' : `-${revision}`}`);

describe('order of versions', () => {
  it('is antisymmetric, and zero for a version and itself', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(compareDebianVersions(a, a)).toBe(0);
        expect(compareDebianVersions(a, b) + compareDebianVersions(b, a)).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(fc.tuple(version, version, version), (versions) => {
        const [a, b, c] = versions.sort(compareDebianVersions);
        expect(compareDebianVersions(a, b)).toBeLessThanOrEqual(0);
        expect(compareDebianVersions(b, c)).toBeLessThanOrEqual(0);
        const expected = compareDebianVersions(a, b) === 0 ? compareDebianVersions(b, c) : -1;
        expect(compareDebianVersions(a, c)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('is that of the keys, and equal versions have the same key', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(compareKeys(a, b)).toBe(compareDebianVersions(a, b));
      }),
      { numRuns: 5000 },
    );
  });

  it('is that of the keys around every change of length of a number', () => {
    const edges = [223n, 224n, 255n, 256n, 65_535n, 65_536n, 2n ** 248n - 1n, 2n ** 248n, 10n ** 600n, 10n ** 4000n];
    const numbers = edges.flatMap((edge) => [edge - 1n, edge, edge + 1n]).sort((a, b) => (a < b ? -1 : 1));
    const keys = numbers.map((number) => Buffer.from(debianVersionKey(`${number}`)));
    expect(keys.toSorted((a, b) => Buffer.compare(a, b))).toEqual(keys);
  });
});

function outcomeOf(text: string): 'version' | 'refused' | 'another error' {
  try {
    parseDebianVersion(text);
    return 'version';
  } catch (error) {
    return error instanceof VersionError ? 'refused' : 'another error';
  }
}

/** Sign of memcmp; zero only for the same bytes, a shorter key before its extensions. */
function compareKeys(a: string, b: string): number {
  return Buffer.compare(debianVersionKey(a), debianVersionKey(b));
}
