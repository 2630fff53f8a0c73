import type { Advisory, Severity } from '@vedette/protocol';
import { z } from 'zod';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { readWhole } from '../shared/checked.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedYaml } from '../shared/feed-yaml.ts';
import { dayOf, isCveName } from '../shared/identifiers.ts';
import { canonicalPackageName } from '../shared/package-name.ts';
import { intersection, type Interval, unsafeStatements } from '../shared/safe-versions.ts';

const MiB = 1024 * 1024;
/** A key without a value reads as an empty text. */
const requirements = z
  .array(z.string().max(256))
  .max(1000)
  .or(z.literal('').transform((): string[] => []))
  .default([]);
const score = z
  .string()
  .regex(/^\d{1,2}(?:\.\d)?$/)
  .optional()
  .catch(undefined);

const Entry = z.object({
  gem: z.string().optional(),
  engine: z.string().optional(),
  library: z.string().optional(),
  cve: z.string().optional(),
  cves: z.array(z.string()).max(100).optional(),
  ghsa: z.string().optional(),
  osvdb: z.string().optional(),
  date: z.string(),
  cvss_v3: score,
  cvss_v4: score,
  patched_versions: requirements,
  unaffected_versions: requirements,
});
type Entry = z.infer<typeof Entry>;

/**
 * Advisories about gems, one a YAML file named after the CVE, the GHSA or the OSVDB entry. They give scores without vectors, which
 * count as a rating. Those about Ruby itself name no gem and are left out.
 */
export const rubysec: Feed = {
  name: 'rubysec',
  describes: 'Ruby advisory database: gems.',
  files: ['CVE', 'GHSA', 'OSVDB'].map((prefix) => ({ pattern: `${prefix}-*.yml`, url: null })),
  maxBytes: 1 * MiB,
  minimumRecords: 1,
  onDemand: true,
  ecosystems: ['rubygems'],
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      const entry = readWhole(file, run, { read: feedYaml, schema: Entry, as: 'the database' });
      if (!entry) continue;
      run.records += 1;
      run.keep(normalise(entry, file, run));
    }
    return run.finish();
  },
};

function normalise(entry: Entry, file: FeedFile, run: FeedRun): Advisory | null {
  if (!entry.gem) {
    run.leaveOut(entry.engine ? 'about an engine' : 'about a library of Ruby');
    return null;
  }
  const name = canonicalPackageName('rubygems', entry.gem);
  const safe = [...entry.patched_versions, ...entry.unaffected_versions].map((one) => intersection(one, gemRequirement));
  const known = safe.filter((interval) => interval !== null);
  const affected =
    name !== null && known.length === safe.length
      ? unsafeStatements({ ecosystem: 'rubygems', package: name }, known, (version) => `${version}.0.1`)
      : null;
  if (!affected) {
    run.leaveOut('a name or requirement that is none');
    return null;
  }
  const cves = [entry.cve ? [`CVE-${entry.cve}`] : [], (entry.cves ?? []).map((one) => `CVE-${one.replace(/^CVE-/, '')}`)].flat();
  const others = [entry.ghsa ? [`GHSA-${entry.ghsa}`] : [], entry.osvdb ? [`OSVDB-${entry.osvdb}`] : []].flat();
  const rating = ratingOfScore(entry.cvss_v4 ?? entry.cvss_v3);
  return {
    id: `rubysec:${name}:${file.name.replace(/\.yml$/, '')}`,
    feed: 'rubysec',
    published: dayOf(entry.date),
    vulnerabilities: [...new Set(cves.filter(isCveName))],
    aliases: others,
    ...(rating ? { rating } : {}),
    affected,
  };
}

/** RubyGems' `~> 1.2.3`: from it, before the next 1.3, pre-releases of which are not part of it either (Gem::Requirement). */
function gemRequirement(operator: string, version: string): Interval | null {
  if (operator === '') return { from: { version, inclusive: true }, to: { version, inclusive: true } };
  if (operator !== '~>') return null;
  const numbers = /^\d+(?:\.\d+)*/.exec(version)?.[0].split('.').map(Number) ?? [];
  const kept = numbers.length > 1 ? numbers.slice(0, -1) : numbers;
  const next = [...kept.slice(0, -1), (kept.at(-1) ?? 0) + 1].join('.');
  return { from: { version, inclusive: true }, to: { version: `${next}.a`, inclusive: false } };
}

/** The scale of CVSS 3 and 4. */
function ratingOfScore(text: string | undefined): Severity | null {
  if (text === undefined || Number(text) > 10) return null;
  const number = Number(text);
  return number >= 9 ? 5 : number >= 7 ? 4 : number >= 4 ? 3 : number > 0 ? 2 : 1;
}
