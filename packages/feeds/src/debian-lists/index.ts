import type { Advisory } from '@vedette/protocol';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { parseAdvisoryList } from './parse.ts';

const MiB = 1024 * 1024;

function debianList(kind: 'DSA' | 'DLA', describes: string, minimumRecords: number): Feed {
  return {
    name: `debian-${kind.toLowerCase()}`,
    describes,
    files: [
      {
        pattern: `${kind}*.list`,
        url: `https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/${kind}/list`,
      },
    ],
    maxBytes: 64 * MiB,
    minimumRecords,
    parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
      const run = new FeedRun(this, options);
      const byId = new Map<string, Advisory>();
      for (const file of run.over(files)) {
        for (const advisory of parseAdvisoryList(file, kind, this.maxBytes, run)) {
          const known = byId.get(advisory.id);
          // The newest statement of an advisory wins; of two of the same day the one read later.
          if (!known || (known.published ?? '') <= (advisory.published ?? '')) byId.set(advisory.id, advisory);
        }
      }
      run.records = byId.size;
      for (const advisory of byId.values()) run.keep(advisory);
      return run.finish();
    },
  };
}

// The pristine lists of February 2025 have 5,909 and 4,224 entries, and entries are never taken away.
export const debianDsa = debianList('DSA', 'Debian Security Advisories: what the security team fixed in stable releases.', 5500);
export const debianDla = debianList('DLA', 'Debian LTS Advisories: what the LTS team fixed in older releases.', 4000);
