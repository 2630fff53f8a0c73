import type { Advisory, Affected } from '@vedette/protocol';
import { FeedError } from '../errors.ts';
import type { Feed, FeedFacts, FeedFile, FeedSource, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { isCveName } from '../shared/identifiers.ts';
import { canonicalPackageName } from '../shared/package-name.ts';
import { parseApkbuild, parseSecdb, type SecdbForm, type SecFix } from './parse.ts';

const MiB = 1024 * 1024;
/** The releases with a database of their own that are looked after, and edge. */
const releases = ['v3.19', 'v3.20', 'v3.21', 'v3.22', 'v3.23', 'edge'];
const repositories = ['main', 'community'];

type SecdbSource = Pick<Feed, 'name' | 'describes' | 'files'> & { readonly ecosystem: 'alpine' | 'wolfi' | 'chainguard' };

/**
 * Security databases in Alpine's form: for each origin package the versions that fixed something. Alpine has one for each repository of
 * a release; Wolfi and Chainguard have no releases, and one for everything.
 */
function secdbFeed({ ecosystem, ...about }: SecdbSource): Feed {
  return {
    ...about,
    maxBytes: 64 * MiB,
    minimumRecords: 1,
    onDemand: true,
    ecosystems: [ecosystem],
    parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
      const run = new FeedRun(this, options);
      const reading = { feed: this.name, ecosystem, form: { maxBytes: this.maxBytes, rolling: ecosystem !== 'alpine' }, run };
      for (const file of run.over(files)) {
        for (const advisory of advisoriesIn(file, reading)) run.keep(advisory);
      }
      return run.finish();
    },
  };
}

/** Takes Alpine's files in both forms, and the build recipes from which they are made. */
export const alpineSecdb: Feed = secdbFeed({
  name: 'alpine-secdb',
  ecosystem: 'alpine',
  describes: 'Alpine security database: which version of a package fixed what.',
  files: [
    ...releases.flatMap((release) =>
      repositories.map((repository): FeedSource => ({
        pattern: `alpine-${release}-${repository}.json`,
        url: `https://secdb.alpinelinux.org/${release}/${repository}.json`,
      })),
    ),
    ...repositories.flatMap((repository) =>
      ['json', 'yaml'].map((ending) => ({ pattern: `${repository}.${ending}`, url: null })),
    ),
    { pattern: 'APKBUILD', url: null },
  ],
});

export const wolfi: Feed = secdbFeed({
  name: 'wolfi',
  ecosystem: 'wolfi',
  describes: 'Wolfi security database.',
  files: [{ pattern: 'wolfi-security.json', url: 'https://packages.wolfi.dev/os/security.json' }],
});

export const chainguard: Feed = secdbFeed({
  name: 'chainguard',
  ecosystem: 'chainguard',
  describes: 'Chainguard security database.',
  files: [{ pattern: 'chainguard-security.json', url: 'https://packages.cgr.dev/chainguard/security.json' }],
});

interface Reading {
  readonly feed: string;
  readonly ecosystem: SecdbSource['ecosystem'];
  readonly form: SecdbForm;
  readonly run: FeedRun;
}

function* advisoriesIn(file: FeedFile, reading: Reading): Generator<Advisory> {
  const { form, run } = reading;
  const parse = file.name === 'APKBUILD' ? parseApkbuild : parseSecdb;
  try {
    for (const fix of parse(file, form, run)) {
      run.records += fix.entries.length;
      yield* advisoriesOf(fix, file, reading);
    }
  } catch (error) {
    if (!(error instanceof FeedError)) throw error;
    run.lines += 1;
    run.badFile(file, error.message, error);
  }
}

/**
 * One advisory for all CVEs of a version, and one for each entry that names none: XSA-…, GHSA-…, ALPINE-…. Several names in one
 * entry are one thing; its CVE is enough.
 */
function advisoriesOf(fix: SecFix, file: FeedFile, { feed, ecosystem, run }: Reading): Advisory[] {
  const affected = statementOf(fix, ecosystem);
  if (!affected) {
    run.problem(file.name, 1, 'a package or version that is none');
    return [];
  }
  const place = fix.release === '' ? '' : `${fix.release}:`;
  const id = `${feed}:${place}${fix.package}:${fix.version}`;
  const about = { feed, published: null, affected: [affected] };
  // CVE_2019-2426, CVE-2017-17434-2: slips and parts of one CVE.
  const entries = fix.entries.map((entry) => entry.replace(/\bCVE[-_](\d{4}-\d{4,7})(?:-\d)?\b/g, 'CVE-$1'));
  const named = entries.map((entry) =>
    entry.split(/[\s,;()]+/).filter((word) => /^[A-Za-z][A-Za-z0-9._:-]*\d$|^GHSA(?:-[a-z0-9]{4}){3}$/.test(word)),
  );
  const cves = new Set(named.flatMap((words) => words.filter(isCveName)));
  const others = named.filter((words) => !words.some(isCveName));
  for (const words of others) if (words.length === 0) run.leaveOut('an entry that names nothing');
  return [
    ...(cves.size > 0 ? [{ ...about, id, vulnerabilities: [...cves] }] : []),
    ...others.flatMap((words) =>
      words.length === 0 ? [] : [{ ...about, id: `${id}:${words.join('+')}`, vulnerabilities: [], aliases: words }],
    ),
  ];
}

/** Versions of apk packages end in the number of the build: 1.2.12-r2. Older entries leave it out; that is the first build. */
function statementOf({ release, package: name, version }: SecFix, ecosystem: SecdbSource['ecosystem']): Affected | null {
  const about = { ecosystem, release, package: name, introduced: null } as const;
  if (canonicalPackageName(ecosystem, name) === null || /\s/.test(name)) return null;
  if (version === '0') return { ...about, status: 'not-affected', fixed: null };
  if (version.length > 128 || !/^\d[A-Za-z0-9._-]*$/.test(version)) return null;
  return { ...about, status: 'fixed', fixed: version };
}
