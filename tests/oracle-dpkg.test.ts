import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contradictedByDpkg, isDpkgHere, type VersionClaim } from '../tools/dpkg-oracle/ask-dpkg.ts';
import { claim, seededRandom, versionPairs } from '../tools/dpkg-oracle/claims.ts';

const repository = join(import.meta.dirname, '..');
const shared = process.env['VEDETTE_SHARED'] ?? join(repository, '../shared');
const vectors = join(shared, 'data/versions/version-vectors.tar.zst');
const relations: Record<string, VersionClaim['relation']> = { '<': 'lt', '=': 'eq', '>': 'gt' };
const here = isDpkgHere();
const hasVectors = existsSync(vectors);

describe.runIf(here)(`the real dpkg${here ? '' : ' (skipped: no dpkg on this machine)'}`, () => {
  it('agrees with every line of versions.txt', async () => {
    const table = readFileSync(join(repository, 'packages/ecosystems/src/debian/versions.txt'), 'utf8');
    expect(await contradictedByDpkg(readTable(table))).toEqual([]);
  });

  it('agrees with our order of 300 random and mutated pairs', async () => {
    const real = [...readFileSync('/var/lib/dpkg/status', 'utf8').matchAll(/^Version: (\S+)$/gm)].map((match) => match[1] ?? '');
    const claims = versionPairs(real, 300, seededRandom(20_261_122)).map(([a, b]) => claim(a, b));
    expect(new Set(claims.map(({ relation }) => relation)), 'the pairs cover every answer').toEqual(
      new Set(['lt', 'eq', 'gt', 'refused']),
    );
    expect(await contradictedByDpkg(claims)).toEqual([]);
  });

  it('refuses what we refuse and takes what we take', async () => {
    const refused = [
      '-1',
      '-1:1',
      '1.0-',
      ':1.0',
      'a:1.0',
      '2147483648:1',
      '1 0',
      '1:',
      '1:-1',
      '1.0-1:2',
      '0x1:1',
      '1 :1',
      '1.0-1-',
    ];
    const taken = ['a1.0', '1.0_1', '1:2:3', '+1:1', '1!', '01:1', ' 1.0', '1.0-+', '-0:1', '~1', '!1', '2147483647:1'];
    const claims = [...refused, ...taken].map((version) => claim(version, '1'));
    expect(claims.filter(({ relation }) => relation === 'refused').map(({ a }) => a)).toEqual(refused);
    expect(await contradictedByDpkg(claims)).toEqual([]);
  });

  it('contradicts a wrong claim, so that the other tests can fail', async () => {
    const wrong: VersionClaim[] = [
      { a: '1.0~rc1', b: '1.0', relation: 'gt' },
      { a: '1.0', b: '1.0', relation: 'refused' },
      { a: '1.0-', b: '1.0', relation: 'lt' },
    ];
    expect(await contradictedByDpkg([...wrong, { a: '1', b: '2', relation: 'lt' }])).toEqual(wrong);
  });
});

describe.runIf(hasVectors)(`other projects' vectors${hasVectors ? '' : ' (skipped: no feed data)'}`, () => {
  it('osv-scalibr: every line of its Debian table', () => {
    const table = execFileSync('tar', ['--zstd', '-xOf', vectors, ...member('debian-versions.txt')], { encoding: 'utf8' });
    const lines = readTable(table);
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) expect(claim(line.a, line.b), `${line.a} ${line.b}`).toEqual(line);
  });

  it("dpkg: every comparison of its Perl module's test", () => {
    const script = execFileSync('tar', ['--zstd', '-xOf', vectors, ...member('Dpkg_Version.t')], { encoding: 'utf8' });
    // After __DATA__ stand lines of "version version -1|0|1".
    const lines = (script.split('__DATA__')[1] ?? '').split('\n').flatMap((line) => {
      const [a, b, order] = line.split(' ');
      const relation = ({ '-1': 'lt', '0': 'eq', '1': 'gt' } as const)[order ?? ''];
      return a && b && relation ? [{ a, b, relation }] : [];
    });
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) expect(claim(line.a, line.b), `${line.a} ${line.b}`).toEqual(line);
  });
});

function member(name: string): string[] {
  return ['--wildcards', `*/${name}`];
}

function readTable(table: string): VersionClaim[] {
  return table.split('\n').flatMap((line) => {
    const [a, sign, b] = line.split(' ');
    const relation = relations[sign ?? ''];
    return a && b && relation && !line.startsWith('#') ? [{ a, b, relation }] : [];
  });
}
