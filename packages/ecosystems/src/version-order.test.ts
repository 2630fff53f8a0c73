import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ecosystem } from './ecosystem.ts';
import { VersionError } from './errors.ts';
import { ecosystems } from './registry.ts';

const ordering = { '<': -1, '=': 0, '>': 1 } as const;
const tables = Object.values(ecosystems).map((ecosystem) => ({ ecosystem, table: readTable(ecosystem.name) }));

describe.each(tables)('$ecosystem.name: versions.txt', ({ ecosystem, table }) => {
  it('has cases', () => expect(table.length).toBeGreaterThan(4));

  it.each(table)('%s %s %s', (a, relation, b) => {
    const order = ordering[relation];
    expect(ecosystem.compareVersions(a, b)).toBe(order);
    expect(ecosystem.compareVersions(b, a)).toBe(order === 0 ? 0 : -order);
    const keyOrder = compareKeys(ecosystem, a, b);
    expect(isWithoutKeyOrder(ecosystem, a, b) ? order : keyOrder).toBe(order);
  });
});

describe.each(tables)('$ecosystem.name: order of versions', ({ ecosystem, table }) => {
  const version = versionsLike(ecosystem, table);

  it('is antisymmetric, and zero for a version and itself', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(ecosystem.compareVersions(a, a)).toBe(0);
        expect(ecosystem.compareVersions(a, b) + ecosystem.compareVersions(b, a)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(fc.tuple(version, version, version), (versions) => {
        const [a, b, c] = versions.toSorted(ecosystem.compareVersions) as [string, string, string];
        const expected = ecosystem.compareVersions(a, b) === 0 ? ecosystem.compareVersions(b, c) : -1;
        expect(ecosystem.compareVersions(b, c)).toBeLessThanOrEqual(0);
        expect(ecosystem.compareVersions(a, c)).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('is that of the keys, and equal versions have the same key', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(compareKeys(ecosystem, a, b)).toBe(ecosystem.compareVersions(a, b));
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing but VersionError for any text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), mutated(table));
    fc.assert(
      fc.property(text, (hostile) => {
        expect(outcomeOf(() => ecosystem.versionKey(hostile))).not.toBe('another error');
        expect(outcomeOf(() => ecosystem.compareVersions('1', hostile))).not.toBe('another error');
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['more than 4096 characters', '1'.repeat(4097), 'VERSION_TOO_LONG'],
    ['control characters', '1.0\u0000', 'VERSION_CHARACTER'],
    ['a line feed', '1\n2', 'VERSION_CHARACTER'],
  ])('refuses %s', (_, text, code) => {
    expect(() => ecosystem.versionKey(text)).toThrow(expect.objectContaining({ name: 'VersionError', code }));
    expect(() => ecosystem.compareVersions('1', text)).toThrow(VersionError);
  });

  it('takes the longest version allowed without effort', () => {
    for (const piece of ['1', '1.', '0.', '1a', 'a', '-', '1-', '1.0-', '~', '^', '_rc', '.0-0']) {
      const long = `1${piece.repeat(Math.floor(4000 / piece.length))}`;
      expect(outcomeOf(() => ecosystem.versionKey(long))).not.toBe('another error');
    }
  });
});

it.each(Object.values(ecosystems).filter(({ name }) => name !== 'rubygems'))('$name refuses an empty text', (ecosystem) => {
  expect(() => ecosystem.versionKey(' ')).toThrow(expect.objectContaining({ code: 'VERSION_EMPTY' }));
});

it('takes an empty gem version for 0, as Gem::Version does', () => {
  expect(ecosystems.rubygems.compareVersions('', '0')).toBe(0);
});

it('numbers keep their order around every change of length in the key', () => {
  const edges = [223n, 224n, 255n, 256n, 65_535n, 65_536n, 2n ** 53n, 2n ** 248n - 1n, 2n ** 248n, 10n ** 600n, 10n ** 4000n];
  const numbers = edges.flatMap((edge) => [edge - 1n, edge, edge + 1n]).sort((a, b) => (a < b ? -1 : 1));
  for (const { versionKey } of [ecosystems.debian, ecosystems.rpm, ecosystems.semver]) {
    const keys = numbers.map((number) => Buffer.from(versionKey(`${number}`)));
    expect(keys.toSorted((a, b) => Buffer.compare(a, b))).toEqual(keys);
  }
});

describe('versions that are none', () => {
  it.each([
    ['apk', ['a', '.1', '-r1', '_pre1']],
    ['portage', ['a', '1.', '1_foo', '1-r', '1.0A', '1~rc1']],
    ['semver', ['a', '1.', '1..2', '1.0.0-', '1.0.0-a..b', '1.0.0_1', '1 2', 'latest']],
    ['go', ['(devel)', 'master', 'v', 'go', '1.0.0-']],
    ['nuget', ['a', '1.2.3.4.5', '1.0-', '1.0-a..b', '1.0-ä']],
    ['pypi', ['a', '1.0-bulbasaur', '1..2', '1.0+', '1.0+a..b', '1.0.dev1.post1', '!1.0', '2.0.x']],
    ['rubygems', ['a', '1..2', '1.', '1.0_1', '1.a@b', '1.-2', '1 2']],
    ['cran', ['a', '1.', '1..2', '1.a']],
    ['hackage', ['a', '1.', '1-2']],
    ['windows', ['a', '1.', '1.2.3.4.5', '10,0']],
    ['kernel', ['a', '-rc1', '6.1 0', 'ä6.1']],
  ] as const)('%s refuses %j', (name, versions) => {
    for (const version of versions) {
      expect(() => ecosystems[name].versionKey(version)).toThrow(expect.objectContaining({ code: 'VERSION_SYNTAX' }));
    }
  });
});

function readTable(name: string): [string, '<' | '=' | '>', string][] {
  return readFileSync(join(import.meta.dirname, name, 'versions.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ') as [string, '<' | '=' | '>', string]);
}

/** Versions of the table, one with the end of another, and some with pieces put in; only what the ecosystem takes. */
function versionsLike(ecosystem: Ecosystem, table: readonly (readonly [string, string, string])[]): fc.Arbitrary<string> {
  return mutated(table).filter((text) => {
    if (ecosystem.name === 'alpm' && !text.includes('-')) return false;
    return outcomeOf(() => ecosystem.versionKey(text)) === 'version';
  });
}

function mutated(table: readonly (readonly [string, string, string])[]): fc.Arbitrary<string> {
  const known = fc.constantFrom(...table.flatMap(([a, , b]) => [a, b]));
  const piece = fc.constantFrom(
    '',
    '',
    '0',
    '1',
    '9',
    '00',
    '.',
    '-',
    '_',
    '~',
    '^',
    '+',
    ':',
    'a',
    'rc',
    'Z',
    '.0',
    '-1',
    '255',
    '9'.repeat(20),
  );
  return fc
    .tuple(known, known, fc.nat(30), fc.nat(30), piece)
    .map(([a, b, head, tail, middle]) => a.slice(0, head) + middle + b.slice(tail));
}

/** The one documented exception: pacman compares a version without pkgrel with one that has it by what both have. */
function isWithoutKeyOrder({ name }: Ecosystem, a: string, b: string): boolean {
  return name === 'alpm' && a.includes('-') !== b.includes('-');
}

function outcomeOf(attempt: () => unknown): 'version' | 'refused' | 'another error' {
  try {
    attempt();
    return 'version';
  } catch (error) {
    return error instanceof VersionError ? 'refused' : 'another error';
  }
}

/** Sign of memcmp; zero only for the same bytes, a shorter key before its extensions. */
function compareKeys({ versionKey }: Ecosystem, a: string, b: string): number {
  return Math.sign(Buffer.compare(versionKey(a), versionKey(b)));
}
