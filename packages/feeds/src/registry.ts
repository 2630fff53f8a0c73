import { alpineSecdb, chainguard, wolfi } from './alpine-secdb/index.ts';
import { cisaKev } from './cisa-kev/index.ts';
import { csaf } from './csaf/index.ts';
import { cve5 } from './cve-5/index.ts';
import { debianChangelog } from './debian-changelog/index.ts';
import { debianDla, debianDsa } from './debian-lists/index.ts';
import { debianTracker } from './debian-tracker/index.ts';
import { endOfLife } from './end-of-life/index.ts';
import { epss } from './epss/index.ts';
import type { Feed, FeedSource } from './feed.ts';
import { msrc } from './msrc/index.ts';
import { retirejs } from './retirejs/index.ts';
import { rocky } from './rocky/index.ts';
import { rubysec } from './rubysec/index.ts';
import { rustsec } from './rustsec/index.ts';
import { ubuntuCveTracker } from './ubuntu-cve-tracker/index.ts';
import { updateinfo } from './updateinfo/index.ts';
import { nodejsWg } from './nodejs-wg/index.ts';
import { nvd } from './nvd/index.ts';
import { osv } from './osv/index.ts';
import { oval } from './oval/index.ts';

/** Every feed Vedette can read, in the order of import: a later one's word on a vulnerability wins. */
export const feeds: readonly Feed[] = [
  debianDsa,
  debianDla,
  debianChangelog,
  debianTracker,
  ubuntuCveTracker,
  alpineSecdb,
  wolfi,
  chainguard,
  rocky,
  ...updateinfo,
  msrc,
  rubysec,
  rustsec,
  retirejs,
  nodejsWg,
  ...osv,
  ...oval,
  ...csaf,
  cve5,
  nvd,
  epss,
  cisaKev,
  endOfLife,
];

/** Whether a file of an offline directory belongs to the source. */
export function matchesSource(source: FeedSource, fileName: string): boolean {
  const [before = '', after = ''] = source.pattern.split('*', 2);
  const packing = /\.(?:gz|bz2)$/.exec(source.pattern)?.[0] ?? '';
  const name = fileName.endsWith(packing) ? fileName : `${fileName}${packing}`;
  if (!source.pattern.includes('*')) return name === source.pattern;
  // A record whose name has no ending is not one of a feed that gives it one: CVE-2025-0001, CVE-2025-0001.json.
  if (!source.pattern.includes('.') && name.includes('.')) return false;
  return name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after);
}
