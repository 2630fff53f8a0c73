import type { Advisory } from '@vedette/protocol';
import { parse as parseToml, TomlError } from 'smol-toml';
import { z } from 'zod';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { scoreVector } from '../shared/cvss-score.ts';
import { readWhole } from '../shared/checked.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedText, notThisFeed, truncated } from '../shared/feed-text.ts';
import { dayOf, isCveName } from '../shared/identifiers.ts';
import { canonicalPackageName } from '../shared/package-name.ts';
import { intersection, type Interval, unsafeStatements } from '../shared/safe-versions.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';

const MiB = 1024 * 1024;
const names = z.array(z.string().max(256)).max(1000).default([]);

const FrontMatter = z.object({
  advisory: z.object({
    id: z.string().regex(/^RUSTSEC-\d{4}-\d{4}$/),
    package: z.string(),
    date: z.string(),
    withdrawn: z.string().optional(),
    informational: z.string().optional(),
    aliases: names,
    cvss: z.string().max(512).optional(),
  }),
  versions: z.object({ patched: names, unaffected: names }),
});

/** Advisories about crates: markdown with TOML at its beginning, one a file. Of the text nothing is read. */
export const rustsec: Feed = {
  name: 'rustsec',
  describes: 'RustSec advisories about crates.',
  files: [{ pattern: 'RUSTSEC-*.md', url: null }],
  maxBytes: 1 * MiB,
  minimumRecords: 1,
  onDemand: true,
  ecosystems: ['crates'],
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      const record = readWhole(file, run, { read: readFrontMatter, schema: FrontMatter, as: 'RustSec' });
      if (!record) continue;
      run.records += 1;
      const advisory = normalise(record, run);
      if (!advisory) continue;
      run.keep(advisory);
      const cvss = record.advisory.cvss ? scoreVector(record.advisory.cvss, 'rustsec') : null;
      if (!cvss || advisory.vulnerabilities.length > 1) continue;
      run.keepFacts({ ...emptyVulnerability(advisory.vulnerabilities[0] ?? advisory.id), cvss: [cvss] });
    }
    return run.finish();
  },
};

function readFrontMatter(file: FeedFile, maxBytes: number): unknown {
  const text = feedText(file, maxBytes);
  const start = /^```toml\r?\n/.exec(text)?.[0].length;
  if (start === undefined) throw notThisFeed(file, 'line 1');
  const end = text.indexOf('\n```\n', start);
  if (end < 0) throw truncated(file, text.split('\n').length);
  try {
    return parseToml(text.slice(start, end));
  } catch (cause) {
    if (cause instanceof TomlError || cause instanceof RangeError) throw notThisFeed(file, 'TOML at its beginning', cause);
    throw cause;
  }
}

/** Notices that a crate is no longer looked after, or an interface unsound, name no vulnerability; one with a CVE does. */
function normalise({ advisory, versions }: z.infer<typeof FrontMatter>, run: FeedRun): Advisory | null {
  const cves = [...new Set(advisory.aliases.filter(isCveName))];
  if (advisory.informational && cves.length === 0) {
    run.leaveOut(`notice: ${advisory.informational}`);
    return null;
  }
  const name = canonicalPackageName('crates', advisory.package);
  const safe = [...versions.patched, ...versions.unaffected].map((requirement) => intersection(requirement, cargoRequirement));
  const known = safe.filter((interval) => interval !== null);
  const affected =
    name !== null && known.length === safe.length
      ? unsafeStatements({ ecosystem: 'crates', package: name }, known, nextPatch)
      : null;
  if (!affected) {
    run.leaveOut('a name or requirement that is none');
    return null;
  }
  return {
    id: advisory.id,
    feed: 'rustsec',
    published: dayOf(advisory.date),
    vulnerabilities: cves,
    aliases: [...new Set(advisory.aliases.filter((alias) => !isCveName(alias)))],
    ...(advisory.withdrawn ? { withdrawn: dayOf(advisory.withdrawn) ?? '1970-01-01' } : {}),
    affected,
  };
}

/** Cargo's default requirement (`1.2.3`, `^1.2.3`): up to the next change of the leftmost number that is not 0. */
function cargoRequirement(operator: string, version: string): Interval | null {
  if (operator !== '' && operator !== '^') return null;
  const numbers = (version.split(/[-+]/, 1)[0] ?? '').split('.').map(Number);
  const at = numbers.findIndex((number) => number !== 0);
  const leading = at < 0 ? numbers.length - 1 : at;
  const next = [0, 1, 2].map((place) => (place < leading ? 0 : place === leading ? (numbers[place] ?? 0) + 1 : 0));
  return { from: { version, inclusive: true }, to: { version: next.join('.'), inclusive: false } };
}

/** The lowest version above a release is the first pre-release of the next patch; above a pre-release, one more part of it. */
function nextPatch(version: string): string {
  const [release = '', ...rest] = version.split('-');
  if (rest.length > 0) return `${version}.0`;
  const [major = '0', minor = '0', patch = '0'] = release.split('+', 1)[0]?.split('.') ?? [];
  return `${major}.${minor}.${Number(patch) + 1}-0`;
}
