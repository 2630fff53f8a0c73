import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findEcosystem, VersionError } from '@vedette/ecosystems';

const shared = process.env['VEDETTE_SHARED'] ?? join(import.meta.dirname, '../../shared');
const archive = join(shared, 'data/versions/version-vectors.tar.zst');
const hasVectors = existsSync(archive);
const signs = { '-1': '<', '0': '=', '1': '>' } as const;

/** Where a table of another project and the tool that defines the order disagree, and what the tool says: "!" is no version. */
const exceptions: Readonly<Record<string, { readonly authority: string; readonly lines: Readonly<Record<string, string>> }>> = {
  Alpine: {
    authority: 'apk-tools (test/unit/version.data): no versions at all, or ends that are no part of one and have no order',
    lines: {
      '1-r = 1-r0': '<',
      '0..8 > 0...8': '<',
      '1-r0-1 = 1-r-2': '>',
      '1-r0-1 = 1-r0-2': '<',
      '1-ruff2 = 1-ruff1': '>',
      '1-ruff2 = 1--ruff1': '>',
      '1-r0-ruff2 = 1-r0-ruff1': '>',
      '.1 < 1': '!',
      '1 > .1': '!',
      '.2 > .1': '!',
      'a < b': '!',
      'c > b': '!',
      'c = c': '!',
    },
  },
  alpm: {
    authority: 'libalpm (vercmp(8)): letters behind a number come before its end, a tilde only separates',
    lines: { '1.0.0alpha > 1.0.0': '<', '1.0.0~rc1 < 1.0.0': '>' },
  },
  maven: {
    authority: 'ComparableVersion of Maven 3: "jre11" is a qualifier like any other',
    lines: {
      '12.10.2 = 12.10.2.jre11': '<',
      '12.10.2.jre11 = 12.10.2': '>',
      '12.10.2.jdk17 = 12.10.2': '>',
      '12.10.2.jre11 = 12.10.2.jdk17': '>',
    },
  },
  Maven: { authority: 'ComparableVersion of Maven 3.8.7 and 3.9.6', lines: { '1-1 = 1-ga-1': '>' } },
  Packagist: {
    authority: 'Composer (VersionParser::normalize before every comparison); a "#" is no part of a version to it',
    lines: { '1.0.0 > 1.0': '=', '1.2.3.# = 1.2.3': '<', '1.2.3.# = 1.2.3.1': '<' },
  },
  PyPI: {
    authority: 'PEP 440 and packaging 22 and later: InvalidVersion',
    lines: {
      '0.1-bulbasaur < 0.1-charmander': '!',
      '0.1-charmander < 0.9-doduo': '!',
      '0.9-doduo < 0.9-eevee': '!',
      '0.9-eevee < 0.9-fearow': '!',
      '0.9-fearow < 0.9-gyarados': '!',
      '0.9-gyarados < 0.9-horsea': '!',
      '0.9-horsea < 0.9-ivysaur': '!',
      '0.9-ivysaur < 1.0': '!',
      '-class.-jw.util.version.version-pre < 1.0': '!',
      '-class.-jw.util.version.version-preview < 1.0': '!',
      '-class.-jw.util.version.version-dev < 1.0': '!',
    },
  },
};

describe.runIf(hasVectors)(`other projects' vectors${hasVectors ? '' : ' (skipped: no feed data)'}`, () => {
  it.each([
    ['Alpine', 'alpine', 770],
    ['CRAN', 'cran', 20],
    ['Debian', 'debian', 30],
    ['Hackage', 'hackage', 10],
    ['Maven', 'maven', 100],
    ['NuGet', 'nuget', 35],
    ['Packagist', 'packagist', 95],
    ['Pub', 'pub', 100],
    ['PyPI', 'pypi', 37],
    ['Red Hat', 'redhat', 165],
    ['RubyGems', 'rubygems', 25],
    ['npm', 'semver', 86],
    ['crates.io', 'semver', 86],
    ['Go', 'semver', 86],
    ['Hex', 'semver', 86],
  ])('osv-scalibr: every line for %s', (ecosystem, file, lines) => {
    const table = member(`${file}-versions.txt`).split('\n').flatMap(comparison);
    expect(table.length).toBeGreaterThanOrEqual(lines);
    expectAll(ecosystem, table);
  });

  it('apk-tools: every comparison of version.data', () => {
    const table = member('version.data').split('\n').flatMap(comparison);
    expect(table.length).toBeGreaterThan(730);
    expectAll('apk', table);
  });

  it('rpm: every comparison of rpmvercmp.at', () => {
    const calls = [...member('rpmvercmp.at').matchAll(/^RPMVERCMP\(([^,]*), ([^,]*), (-1|0|1)\)/gm)];
    const table = calls.map(([, a = '', b = '', order]) => ({ a, b, sign: signs[order as '-1' | '0' | '1'] }));
    expect(table.length).toBeGreaterThan(90);
    expectAll('rpm', table);
  });

  it("dpkg: every comparison of its Perl module's test", () => {
    // After __DATA__ stand lines of "version version -1|0|1".
    const table = (member('Dpkg_Version.t').split('__DATA__')[1] ?? '').split('\n').flatMap((line) => {
      const [a, b, order] = line.split(' ');
      const sign = signs[order as '-1' | '0' | '1'];
      return a && b && sign ? [{ a, b, sign }] : [];
    });
    expect(table.length).toBeGreaterThan(30);
    expectAll('dpkg', table);
  });

  it.each([
    ['portage', 'portage_version_test.go', 10],
    ['rubygems', 'gem_version_test.go', 8],
  ])('grype: every triple for %s', (ecosystem, file, lines) => {
    const triples = [...member(file).matchAll(/\{"([^"]*)", "([^"]*)", (-1|0|1)\}/g)];
    expect(triples.length).toBeGreaterThanOrEqual(lines);
    expectAll(
      ecosystem,
      triples.map(([, a = '', b = '', order]) => ({ a, b, sign: signs[order as '-1' | '0' | '1'] })),
    );
  });

  it.each([
    ['alpm', 'pacman_version_test.go', 14],
    ['maven', 'maven_version_test.go', 10],
  ])('grype: every pair for %s', (ecosystem, file, lines) => {
    const pairs = [...member(file).matchAll(/v1: +"([^"]*)",[^\n]*\n\s*v2: +"([^"]*)",\s*(?:want|expected): +(-1|0|1),/g)];
    expect(pairs.length).toBeGreaterThanOrEqual(lines);
    expectAll(
      ecosystem,
      pairs.map(([, a = '', b = '', order]) => ({ a, b, sign: signs[order as '-1' | '0' | '1'] })),
    );
  });

  it.each([
    ['apk', 'apk_version_test.go', 20],
    ['bitnami', 'bitnami_version_test.go', 20],
    ['go', 'golang_version_test.go', 2],
    ['maven', 'maven_version_test.go', 50],
    ['portage', 'portage_version_test.go', 40],
    ['pypi', 'pep440_version_test.go', 22],
    ['semver', 'semantic_version_test.go', 40],
  ])('grype: every plain constraint for %s', (ecosystem, file, lines) => {
    const rows = [
      ...member(file).matchAll(
        /\{\s*(?:name: +"[^"]*",\s*)?version: +"([^"]*)", *\s*constraint: +"\s*([<>=]*)\s*([^"\s,|']+)",\s*satisfied: +(true|false)\b/g,
      ),
    ];
    expect(rows.length).toBeGreaterThanOrEqual(lines);
    const broken = rows.flatMap(([, a = '', operator = '', b = '', satisfied]) => {
      const sign = signOf(ecosystem, a, b);
      const holds = operator === '' ? sign === '=' : operator.includes(sign);
      return holds === (satisfied === 'true') ? [] : [`${a} ${operator} ${b} is ${satisfied}, ours ${sign}`];
    });
    expect(broken).toEqual(grypeExceptions[ecosystem] ?? []);
  });
});

/** Rows in which grype does something else than comparing two versions. */
const grypeExceptions: Readonly<Record<string, readonly string[]>> = {
  // A specifier without local part matches versions with any (PEP 440, "Version matching"); the order itself has the local one later.
  pypi: ['6.4+cgr.1 <= 6.4.0 is true, ours >', '2.0.0+cgr.1 = 2.0.0 is true, ours >'],
  // It makes a hyphen of a dot in the pre-release too; semver.org, item 9, knows dots that separate identifiers.
  semver: ['1.0.0.alpha.beta = 1.0.0-alpha-beta is true, ours <', '1.0.0.rc.alpha = 1.0.0-rc-alpha is true, ours <'],
};

interface Comparison {
  readonly a: string;
  readonly b: string;
  readonly sign: string;
}

function expectAll(ecosystem: string, table: readonly Comparison[]): void {
  const known = exceptions[ecosystem]?.lines ?? {};
  const different = table.flatMap(({ a, b, sign }) => {
    const ours = signOf(ecosystem, a, b);
    return ours === sign ? [] : [[`${a} ${sign} ${b}`, ours] as const];
  });
  expect(Object.fromEntries(different)).toEqual(known);
}

function signOf(name: string, a: string, b: string): string {
  const ecosystem = findEcosystem(name);
  if (!ecosystem) throw new Error(`there is no ecosystem ${name}`);
  try {
    return signs[ecosystem.compareVersions(a, b)];
  } catch (error) {
    if (error instanceof VersionError) return '!';
    throw error;
  }
}

/** "A < B", perhaps with a comment behind it; no comments in front of it. */
function comparison(line: string): Comparison[] {
  const match = /^(\S+) ([<=>]) (\S+)(?:\s+#.*)?$/.exec(line.trim());
  return match && !/^(#|\/\/)/.test(line) ? [{ a: match[1] ?? '', sign: match[2] ?? '', b: match[3] ?? '' }] : [];
}

function member(name: string): string {
  return execFileSync('tar', ['--zstd', '-xOf', archive, '--wildcards', `*/${name}`], { encoding: 'utf8' });
}
