import type { Feed, FeedChanges, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { readChangeList } from '../shared/change-list.ts';
import { readWhole } from '../shared/checked.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJson } from '../shared/feed-text.ts';
import { normalise } from './normalise.ts';
import { productLookup } from './product-tree.ts';
import { CsafDocument } from './schema.ts';
import { redhat, suse, type CsafVendor } from './vendors.ts';

const MiB = 1024 * 1024;

type CsafSource = Pick<Feed, 'name' | 'describes' | 'minimumRecords' | 'ecosystems'> & {
  /** The folder of the vendor's documents, with a slash at the end. */
  readonly home: string;
  readonly vendor: CsafVendor;
  readonly patterns: readonly string[];
};

/**
 * Documents of the Common Security Advisory Framework 2.0, one a file. VEX documents and security advisories are feeds of their own:
 * the first are what a vendor keeps on every flaw, and so decide (matching, governingStatements); the second say what an update fixed.
 */
function csafFeed({ vendor, patterns, ...about }: CsafSource): Feed {
  return {
    ...about,
    files: patterns.map((pattern) => ({ pattern, url: null })),
    maxBytes: 64 * MiB,
    onDemand: true,
    changes: changesOf(about.home),
    parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
      return parseDocuments(this, vendor, files, options);
    },
  };
}

/**
 * `changes.csv` beside the documents (CSAF 2.0, 7.1.13): `"2024/cve-2024-0151.json","2024-10-15T07:05:20+00:00"`. The archives of all
 * documents have tens of gigabytes, so a platform follows the changes from the day it begins; an archive in its feed directory, or
 * the same vendor's errata in the OSV schema, brings what was before.
 */
function changesOf(folder: string): FeedChanges {
  const maxBytes = 64 * MiB;
  return {
    list: { pattern: 'changes.csv', url: `${folder}changes.csv` },
    maxBytes,
    from: 'now',
    read: (file, since) =>
      readChangeList(file, {
        maxBytes,
        since,
        record: ([path, at]) =>
          // A path becomes part of an address, its last part a file name.
          /^(?:\d{4}\/)?[a-z][a-z0-9_:-]{2,99}\.json$/i.test(path)
            ? { at, source: { pattern: path.replaceAll('/', '-'), url: `${folder}${path}` } }
            : null,
      }),
  };
}

function parseDocuments(feed: Feed, vendor: CsafVendor, files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
  const run = new FeedRun(feed, options);
  for (const file of run.over(files)) {
    const document = readWhole(file, run, { read: feedJson, schema: CsafDocument, as: 'CSAF 2.0' });
    const lookup = document && productLookup(document.product_tree ?? emptyTree);
    if (document && !lookup) run.badFile(file, 'branches of the product tree that are none');
    if (!document || !lookup) continue;
    if (!vendor.namespace.test(document.document.publisher.namespace)) {
      run.badFile(file, `not a document of ${vendor.name}`);
      continue;
    }
    run.records += 1;
    const { advisories, vulnerabilities } = normalise(document, {
      feed: feed.name,
      vendor,
      lookup,
      leaveOut: (reason) => run.leaveOut(reason),
    });
    for (const advisory of advisories) run.keep(advisory);
    for (const facts of vulnerabilities) run.keepFacts(facts);
  }
  return run.finish();
}

const emptyTree = { branches: [], full_product_names: [], relationships: [], product_groups: [] };

/** Archives under these names, and documents under those that their vendor gives them. The counts are far below those of 2025. */
export const csaf: readonly Feed[] = [
  csafFeed({
    name: 'redhat-csaf',
    describes: 'Red Hat errata (CSAF 2.0).',
    home: 'https://security.access.redhat.com/data/csaf/v2/advisories/',
    vendor: redhat,
    ecosystems: ['redhat'],
    patterns: ['csaf_advisories_*.tar.zst', 'rhsa-*.json'],
    minimumRecords: 5000,
  }),
  csafFeed({
    name: 'redhat-csaf-vex',
    describes:
      'What Red Hat says of every flaw in every product: fixed, affected, not affected, under investigation (CSAF 2.0 VEX).',
    home: 'https://security.access.redhat.com/data/csaf/v2/vex/',
    vendor: redhat,
    ecosystems: ['redhat'],
    patterns: ['csaf_vex_*.tar.zst', 'cve-*.json'],
    minimumRecords: 10_000,
  }),
  csafFeed({
    name: 'suse-csaf',
    describes: 'SUSE and openSUSE updates (CSAF 2.0).',
    home: 'https://ftp.suse.com/pub/projects/security/csaf/',
    vendor: suse,
    ecosystems: ['suse', 'opensuse'],
    patterns: ['csaf.tar.bz2', 'suse-csaf.tar.zst', 'suse-csaf.tar.gz', 'suse-su-*.json', 'opensuse-su-*.json'],
    minimumRecords: 5000,
  }),
  csafFeed({
    name: 'suse-csaf-vex',
    describes:
      'What SUSE says of every flaw in every product (CSAF 2.0 VEX). Its documents are named like those of Red Hat: pack them.',
    home: 'https://ftp.suse.com/pub/projects/security/csaf-vex/',
    vendor: suse,
    ecosystems: ['suse', 'opensuse'],
    patterns: ['csaf-vex.tar.bz2', 'suse-csaf-vex.tar.zst', 'suse-csaf-vex.tar.gz', 'suse-csaf-vex.zip', 'suse-cve-*.json'],
    minimumRecords: 10_000,
  }),
];
