import { FeedError } from '../errors.ts';
import { ubuntuCodenames } from '@vedette/ecosystems';
import type { Feed, FeedFacts, FeedFile, FeedSource, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { joinStatements } from '../shared/join-statements.ts';
import { readOval } from './document.ts';
import { advisoryOf, factsOf } from './normalise.ts';
import { oracle, redhat, suse, ubuntu, type OvalVendor } from './vendors.ts';

const MiB = 1024 * 1024;

type OvalSource = Pick<Feed, 'name' | 'describes' | 'home' | 'minimumRecords' | 'ecosystems'> & {
  readonly vendor: OvalVendor;
  readonly sources: readonly FeedSource[];
};

/**
 * Definitions of the Open Vulnerability and Assessment Language: tests of package versions, joined by AND and OR. What cannot be
 * reduced to "this package of this release, below this version" is counted in `leftOut` and makes no statement.
 */
function ovalFeed({ vendor, sources, ...about }: OvalSource): Feed {
  return {
    ...about,
    files: sources,
    maxBytes: 512 * MiB,
    onDemand: true,
    parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
      return parseFiles(this, vendor, files, options);
    },
  };
}

function parseFiles(feed: Feed, vendor: OvalVendor, files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
  const run = new FeedRun(feed, options);
  const reading = { feed: feed.name, vendor, leaveOut: (reason: string) => run.leaveOut(reason) };
  for (const file of run.over(files)) {
    const document = readOval(file, feed.maxBytes);
    if (document.definitions.length === 0) throw new FeedError('TRUNCATED', `${file.name} has no definitions. Fetch it again.`);
    for (const definition of document.definitions) {
      run.records += 1;
      run.lines += 1;
      // One vulnerability has a definition for each release, and another for the packages that are not affected.
      run.keep(advisoryOf(definition, document, reading), joinStatements);
      for (const facts of factsOf(definition, vendor.name)) run.keepFacts(facts);
    }
  }
  return run.finish();
}

const asFile = (pattern: string): FeedSource => ({ pattern, url: null });
const rhelFiles = ['6', '7', '8', '9', '10'].flatMap((major) => [
  asFile(`rhel-${major}.oval.xml.bz2`),
  asFile(`rhel-${major}-including-unpatched.oval.xml.bz2`),
]);
const canonical = 'https://security-metadata.canonical.com/oval';
const ubuntuFiles = [...ubuntuCodenames.values()].map((release) => {
  const pattern = `com.ubuntu.${release}.cve.oval.xml.bz2`;
  return { pattern, url: `${canonical}/${pattern}`, release };
});

/**
 * Of Red Hat only the files of whole releases: those of update services speak of other versions. They are never fetched: a file that
 * nobody keeps up to date calls flaws open that were fixed since. The counts are far below those of 2024.
 */
export const oval: readonly Feed[] = [
  ovalFeed({
    name: 'redhat-oval',
    describes: 'Red Hat errata and open flaws (OVAL v2; no longer kept up to date by Red Hat, for older mirrors).',
    home: 'https://security.access.redhat.com/data/oval/v2/',
    vendor: redhat,
    ecosystems: ['redhat'],
    sources: rhelFiles,
    minimumRecords: 100,
  }),
  ovalFeed({
    name: 'oracle-oval',
    describes: 'Oracle Linux errata (OVAL).',
    home: 'https://linux.oracle.com/security/oval/',
    vendor: oracle,
    ecosystems: ['oracle'],
    sources: [
      { pattern: 'com.oracle.elsa-all.xml.bz2', url: 'https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2' },
      asFile('com.oracle.elsa-*.xml.bz2'),
    ],
    minimumRecords: 1,
  }),
  ovalFeed({
    name: 'suse-oval',
    describes: 'SUSE and openSUSE: fixed and open flaws (OVAL).',
    home: 'https://ftp.suse.com/pub/projects/security/oval/',
    vendor: suse,
    ecosystems: ['suse', 'opensuse'],
    sources: [asFile('suse.linux.enterprise.*.xml.gz'), asFile('opensuse.*.xml.gz')],
    minimumRecords: 100,
  }),
  ovalFeed({
    name: 'ubuntu-oval',
    describes: 'Ubuntu: fixed and open flaws by CVE (OVAL). Its files of notices name no source packages; take those from OSV.',
    home: 'https://security-metadata.canonical.com/oval/',
    vendor: ubuntu,
    ecosystems: ['ubuntu'],
    sources: [...ubuntuFiles, asFile('com.ubuntu.*.cve.oval.xml.bz2')],
    minimumRecords: 100,
  }),
];
