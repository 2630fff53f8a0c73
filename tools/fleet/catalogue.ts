import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { ecosystems } from '@vedette/ecosystems';
import { readStarter } from '@vedette/feeds';
import { type DpkgPackage, dpkgFact, rowHash, rowKey } from '@vedette/protocol';
import { derivedBytes, Random } from './random.ts';

/** A package in one version, with what the protocol makes of it. Shared by all assets that have it. */
export interface CatalogueEntry {
  readonly row: DpkgPackage;
  readonly key: string;
  readonly hash: Buffer;
  readonly hashNumber: bigint;
}

/** A binary package: its versions from the oldest to the newest. */
type CataloguePackage = readonly CatalogueEntry[];

export interface CatalogueRelease {
  readonly codename: string;
  readonly versionId: string;
  readonly packages: readonly CataloguePackage[];
}

const releases: readonly (readonly [codename: string, versionId: string])[] = [
  ['bookworm', '12'],
  ['bullseye', '11'],
  ['trixie', '13'],
  ['buster', '10'],
];
/** Binary packages that one source makes. Names of sources and versions are real ones, these endings are what Debian often has. */
const endings = ['', '-common', '-data', '-bin'];
const maxVersions = 6;
/** Programs of desktops, which are not what most fleets are made of and have more CVEs than all else together. */
const desktop = /^(chromium|firefox-esr|thunderbird|webkit2gtk|wpewebkit|libreoffice)$/;

/**
 * The packages of Debian's releases: every source that the advisories of the starter knowledge base name, in the versions that they
 * name. So a simulated fleet has the weaknesses that a real one of its patch levels would have.
 */
export function readCatalogue(): CatalogueRelease[] {
  const file = join(import.meta.dirname, '../../content/knowledge/starter.json.zst');
  const { advisories } = readStarter(zstdDecompressSync(readFileSync(file)).toString('utf8'));
  const byRelease = new Map<string, Map<string, Set<string>>>();
  for (const { affected } of advisories) {
    for (const { ecosystem, release, package: source, fixed } of affected) {
      if (ecosystem !== 'debian' || fixed === null || desktop.test(source)) continue;
      const sources = entry(byRelease, release, () => new Map<string, Set<string>>());
      entry(sources, source, () => new Set()).add(fixed);
    }
  }
  const all = [...new Set([...byRelease.values()].flatMap((sources) => [...sources.keys()]))].toSorted();
  return releases.map(([codename, versionId]) => ({
    codename,
    versionId,
    packages: all
      .flatMap((source) => binaries(codename, source, [...(byRelease.get(codename)?.get(source) ?? [])]))
      // `distro-info-data` is a source of its own, and what we would call a part of `distro-info`.
      .filter(([entry], index, packages) => packages.findIndex(([other]) => other?.key === entry?.key) === index),
  }));
}

function binaries(codename: string, source: string, fixed: readonly string[]): CataloguePackage[] {
  const { compareVersions } = ecosystems.debian;
  const random = new Random('source', codename, source);
  const newest = fixed.toSorted(compareVersions).slice(-maxVersions);
  // Before the first advisory there was a version, too. Where none is known, one that no advisory speaks of.
  const first =
    newest[0] === undefined
      ? `${1 + random.below(9)}.${random.below(20)}-${1 + random.below(3)}`
      : newest[0].replace(/^(\d+:)?/, '$10~');
  const versions = [first, ...newest];
  const kernel = /^linux(-\d|$)/.test(source);
  const count = kernel ? 1 : 1 + random.below(endings.length);
  return endings.slice(0, count).map((ending) => versions.map((version) => toEntry(source, `${source}${ending}`, version)));
}

function toEntry(source: string, name: string, version: string): CatalogueEntry {
  const row: DpkgPackage = { name, version, architecture: 'amd64', source, sourceVersion: version, state: 'installed' };
  const hashNumber = rowHash(row, (text) => createHash('sha256').update(text).digest());
  return { row, key: rowKey(row, dpkgFact.key), hash: Buffer.from(hashNumber.toString(16).padStart(64, '0'), 'hex'), hashNumber };
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh = make();
  map.set(key, fresh);
  return fresh;
}

/** A machine id as agents report it. */
export function hashedId(text: string): string {
  return derivedBytes(text).toString('hex');
}
