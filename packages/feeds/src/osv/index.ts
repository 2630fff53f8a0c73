import type { Advisory, EcosystemName } from '@vedette/protocol';
import type { Feed, FeedChanges, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { readChangeList } from '../shared/change-list.ts';
import { readWhole } from '../shared/checked.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJsonOrYaml } from '../shared/feed-yaml.ts';
import { joinStatements } from '../shared/join-statements.ts';
import { osvEcosystems } from './ecosystem.ts';
import { normalise } from './normalise.ts';
import { OsvRecord } from './schema.ts';

const MiB = 1024 * 1024;
const store = 'https://osv-vulnerabilities.storage.googleapis.com';

interface OsvSource {
  /** The feed is `osv-` and this. */
  readonly name: string;
  readonly describes: string;
  /** Folder of the official store; null for a database that exists as files. */
  readonly folder: string | null;
  /** Beginnings of the names of its records. */
  readonly prefixes: readonly string[];
  readonly minimumRecords: number;
}

/**
 * Databases in the OSV schema: one feed for each, since each is an authority of its own, in JSON or YAML, one record a file, or in
 * the official zip of its ecosystem (the caller unpacks it).
 */
function osvFeed({ name, describes, folder, prefixes, minimumRecords }: OsvSource): Feed {
  const base = `${store}/${encodeURIComponent(folder ?? '')}`;
  const zip = folder === null ? [] : [{ pattern: `osv-${name}.zip`, url: `${base}/all.zip` }];
  const ecosystem = osvEcosystems.get(folder ?? '');
  return {
    name: `osv-${name}`,
    describes,
    files: [
      ...zip,
      ...prefixes.flatMap((prefix) => ['json', 'yaml', 'yml'].map((ending) => ({ pattern: `${prefix}-*.${ending}`, url: null }))),
    ],
    maxBytes: 16 * MiB,
    minimumRecords,
    onDemand: true,
    ...(ecosystem ? { ecosystems: [ecosystem, ...alsoIn(ecosystem)] } : {}),
    ...(folder === null ? {} : { changes: changesOf(base) }),
    parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
      return parseRecords(this, files, options);
    },
  };
}

/** Chainguard's advisories lie with Wolfi's. */
function alsoIn(ecosystem: EcosystemName): EcosystemName[] {
  return ecosystem === 'wolfi' ? ['chainguard'] : [];
}

/** `modified_id.csv` beside the archive: `2026-08-21T13:38:00Z,GO-2026-0001`, the newest first; each record beside it. */
function changesOf(base: string): FeedChanges {
  const maxBytes = 64 * MiB;
  return {
    list: { pattern: 'modified_id.csv', url: `${base}/modified_id.csv` },
    maxBytes,
    read: (file, since) =>
      readChangeList(file, {
        maxBytes,
        since,
        record: ([at, id]) =>
          // A name becomes part of an address and of a file name.
          /^[A-Za-z0-9][A-Za-z0-9.:_-]{2,99}$/.test(id) && !id.includes('..')
            ? { at, source: { pattern: `${id}.json`, url: `${base}/${encodeURIComponent(id)}.json` } }
            : null,
      }),
  };
}

function parseRecords(feed: Feed, files: Iterable<FeedFile>, options: ParseOptions | undefined): FeedFacts {
  const run = new FeedRun(feed, options);
  for (const file of run.over(files)) {
    const record = readWhole(file, run, { read: feedJsonOrYaml, schema: OsvRecord, as: 'the OSV schema' });
    if (!record) continue;
    run.records += 1;
    const { advisory, vulnerability, leftOut } = normalise(record, feed.name);
    for (const reason of leftOut) run.leaveOut(reason);
    run.keep(advisory, joinRecords);
    if (vulnerability) run.keepFacts(vulnerability);
  }
  return run.finish();
}

/** AlmaLinux gives one erratum a record for each release; of the same release the record read later stands. */
function joinRecords(earlier: Advisory, later: Advisory): Advisory {
  const said = new Set(later.affected.map(({ ecosystem, release }) => `${ecosystem} ${release}`));
  const kept = earlier.affected.filter(({ ecosystem, release }) => !said.has(`${ecosystem} ${release}`));
  return kept.length === 0 ? later : joinStatements({ ...earlier, affected: kept }, later);
}

// Official folders of osv.dev; the counts are below what the databases had in August 2026, and their records are withdrawn, not deleted.
const sources: readonly OsvSource[] = [
  {
    name: 'almalinux',
    describes: 'AlmaLinux errata.',
    folder: 'AlmaLinux',
    prefixes: ['ALSA', 'ALBA', 'ALEA'],
    minimumRecords: 5000,
  },
  {
    name: 'rocky',
    describes: 'Rocky Linux errata.',
    folder: 'Rocky Linux',
    prefixes: ['RLSA', 'RXSA', 'RLBA', 'RLEA'],
    minimumRecords: 1000,
  },
  { name: 'redhat', describes: 'Red Hat errata.', folder: 'Red Hat', prefixes: ['RHSA', 'RHBA', 'RHEA'], minimumRecords: 5000 },
  { name: 'suse', describes: 'SUSE Linux Enterprise updates.', folder: 'SUSE', prefixes: ['SUSE-SU'], minimumRecords: 1000 },
  { name: 'opensuse', describes: 'openSUSE updates.', folder: 'openSUSE', prefixes: ['openSUSE-SU'], minimumRecords: 1000 },
  {
    name: 'ubuntu',
    describes: 'Ubuntu security notices and CVE records.',
    folder: 'Ubuntu',
    prefixes: ['USN', 'UBUNTU-CVE'],
    minimumRecords: 5000,
  },
  { name: 'alpine', describes: 'Alpine security database.', folder: 'Alpine', prefixes: ['ALPINE-CVE'], minimumRecords: 1000 },
  { name: 'wolfi', describes: 'Wolfi and Chainguard advisories.', folder: 'Wolfi', prefixes: ['CGA'], minimumRecords: 100 },
  { name: 'ghsa', describes: 'GitHub Advisory Database.', folder: null, prefixes: ['GHSA'], minimumRecords: 1 },
  {
    name: 'npm',
    describes: 'npm: GitHub advisories and malicious packages.',
    folder: 'npm',
    prefixes: ['MAL'],
    minimumRecords: 3000,
  },
  { name: 'pypi', describes: 'Python Packaging Advisory Database.', folder: 'PyPI', prefixes: ['PYSEC'], minimumRecords: 2500 },
  { name: 'maven', describes: 'Maven.', folder: 'Maven', prefixes: [], minimumRecords: 3000 },
  { name: 'go', describes: 'Go vulnerability database.', folder: 'Go', prefixes: ['GO'], minimumRecords: 4000 },
  { name: 'rubygems', describes: 'RubyGems.', folder: 'RubyGems', prefixes: [], minimumRecords: 500 },
  {
    name: 'crates',
    describes: 'Crates: RustSec and GitHub advisories.',
    folder: 'crates.io',
    prefixes: ['RUSTSEC'],
    minimumRecords: 500,
  },
  { name: 'packagist', describes: 'Packagist (Composer).', folder: 'Packagist', prefixes: ['DRUPAL'], minimumRecords: 1000 },
  { name: 'nuget', describes: 'NuGet.', folder: 'NuGet', prefixes: [], minimumRecords: 200 },
  { name: 'chainguard', describes: 'Chainguard advisories.', folder: 'Chainguard', prefixes: [], minimumRecords: 1 },
  { name: 'openeuler', describes: 'openEuler advisories.', folder: 'openEuler', prefixes: ['OESA'], minimumRecords: 1 },
  { name: 'azurelinux', describes: 'Azure Linux advisories.', folder: 'Azure Linux', prefixes: ['AZL'], minimumRecords: 1 },
  { name: 'photon', describes: 'Photon OS advisories.', folder: 'Photon OS', prefixes: ['PHSA'], minimumRecords: 1 },
  { name: 'hex', describes: 'Hex (Erlang, Elixir).', folder: 'Hex', prefixes: ['EEF-CVE'], minimumRecords: 1 },
  { name: 'pub', describes: 'Pub (Dart).', folder: 'Pub', prefixes: [], minimumRecords: 1 },
  { name: 'hackage', describes: 'Haskell security advisories.', folder: 'Hackage', prefixes: ['HSEC'], minimumRecords: 1 },
  { name: 'cran', describes: 'R security advisories.', folder: 'CRAN', prefixes: ['RSEC'], minimumRecords: 1 },
  { name: 'swift', describes: 'Swift packages.', folder: 'SwiftURL', prefixes: [], minimumRecords: 1 },
  { name: 'github-actions', describes: 'GitHub Actions.', folder: 'GitHub Actions', prefixes: [], minimumRecords: 1 },
  { name: 'bitnami', describes: 'Bitnami: server applications.', folder: 'Bitnami', prefixes: ['BIT'], minimumRecords: 5000 },
];

export const osv: readonly Feed[] = sources.map(osvFeed);
