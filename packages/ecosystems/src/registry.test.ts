import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ecosystemNames, ecosystems, findEcosystem } from './registry.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shared')
  .map((entry) => entry.name);
const all = Object.values(ecosystems);

describe('registry', () => {
  it('names exactly the folders of this room', () => {
    expect(Object.keys(ecosystems).sort()).toEqual(folders.sort());
  });

  it.each(Object.entries(ecosystems))('%s is registered under its own name and has a table of versions', (name, ecosystem) => {
    expect(ecosystem.name).toBe(name);
    expect(existsSync(join(import.meta.dirname, name, 'versions.txt'))).toBe(true);
  });

  it('gives no name to two ecosystems', () => {
    const names = all.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(names.length).toBe(new Set(names).size);
    expect(ecosystemNames).toEqual(names.toSorted());
  });

  it('reads an empty database', () => {
    expect(ecosystems.debian.parseDatabase?.('')).toEqual({ packages: [], problems: [] });
  });
});

describe('findEcosystem', () => {
  it.each([
    ['Debian:12', 'debian'],
    ['Ubuntu:22.04:LTS', 'debian'],
    ['dpkg', 'debian'],
    ['Red Hat:enterprise_linux:9::baseos', 'rpm'],
    ['AlmaLinux:9', 'rpm'],
    ['Rocky Linux', 'rpm'],
    ['SUSE:Linux Enterprise Server 15 SP5', 'rpm'],
    ['openSUSE:Leap 15.6', 'rpm'],
    ['Azure Linux:3', 'rpm'],
    ['Alpine:v3.20', 'apk'],
    ['Wolfi', 'apk'],
    ['npm', 'semver'],
    ['crates.io', 'semver'],
    ['Hex', 'semver'],
    ['SwiftURL', 'semver'],
    ['GitHub Actions', 'semver'],
    ['PyPI', 'pypi'],
    ['pep440', 'pypi'],
    ['Maven', 'maven'],
    ['Go', 'go'],
    ['RubyGems', 'rubygems'],
    ['Packagist', 'packagist'],
    ['composer', 'packagist'],
    ['NuGet', 'nuget'],
    ['Pub', 'pub'],
    ['CRAN', 'cran'],
    ['Bioconductor', 'cran'],
    ['Hackage', 'hackage'],
    ['GHC', 'hackage'],
    ['Bitnami', 'bitnami'],
    ['Arch Linux', 'alpm'],
    ['gentoo', 'portage'],
    ['windows-file', 'windows'],
    ['Linux', 'kernel'],
    ['kernel', 'kernel'],
  ])('%s is %s', (name, expected) => {
    expect(findEcosystem(name)?.name).toBe(expected);
  });

  it.each(['', ':', 'plan9', 'constructor', '__proto__'])('%j is none', (name) => {
    expect(findEcosystem(name)).toBeUndefined();
  });
});
