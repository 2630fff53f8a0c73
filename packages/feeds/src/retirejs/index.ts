import type { Advisory, Affected, Severity } from '@vedette/protocol';
import { z } from 'zod';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJson, notThisFeed } from '../shared/feed-text.ts';
import { isCveName } from '../shared/identifiers.ts';
import { joinStatements } from '../shared/join-statements.ts';
import { npmRange } from '../shared/npm-range.ts';
import { npmStatements } from '../shared/npm-statements.ts';
import { canonicalPackageName } from '../shared/package-name.ts';
import { ratingOf } from '../shared/rating.ts';

const MiB = 1024 * 1024;
const repository = 'https://raw.githubusercontent.com/RetireJS/retire.js/master/repository';

const version = z.string().max(64).optional();
const texts = z.array(z.string().max(2048)).max(1000).default([]);
const Entry = z.object({
  below: version,
  atOrAbove: version,
  severity: z.string().max(64).optional(),
  identifiers: z.object({ CVE: texts, githubID: z.string().max(64).optional().catch(undefined) }).default({ CVE: [] }),
  info: texts,
});
type Entry = z.infer<typeof Entry>;
const Component = z.object({
  npmname: z.string().max(512).optional(),
  vulnerabilities: z.array(z.unknown()).max(10_000).default([]),
});
const Repository = z.record(z.string().max(512), z.unknown());

/**
 * Retire.js' repositories: of packages of npm, and of libraries for browsers, of which only those count that say how npm calls them.
 * An entry that names no CVE, GHSA or advisory of npm is left out: two of a package could not be told apart.
 */
export const retirejs: Feed = {
  name: 'retirejs',
  describes: 'Retire.js: packages of npm, and libraries for browsers that npm has.',
  files: ['npmrepository.json', 'jsrepository-v6.json'].map((pattern) => ({ pattern, url: `${repository}/${pattern}` })),
  maxBytes: 16 * MiB,
  minimumRecords: 1,
  onDemand: true,
  ecosystems: ['npm'],
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    for (const file of run.over(files)) {
      for (const { name, entry } of entriesOf(file, this.maxBytes, run)) {
        run.records += 1;
        run.keep(advisoryOf(name, entry, run), joinEntries);
      }
    }
    return run.finish();
  },
};

function* entriesOf(file: FeedFile, maxBytes: number, run: FeedRun): Generator<{ name: string | null; entry: Entry }> {
  const components = Repository.safeParse(feedJson(file, maxBytes));
  if (!components.success) throw notThisFeed(file, 'the whole', components.error);
  let number = 0;
  let known = 0;
  for (const [key, value] of Object.entries(components.data)) {
    const component = Component.safeParse(value);
    if (!component.success) {
      run.lines += 1;
      run.problem(file.name, (number += 1), 'a component that is none');
      continue;
    }
    known += 1;
    const { npmname, vulnerabilities } = component.data;
    // The example that explains the format.
    if (key === 'retire-example') continue;
    const name = npmname ?? (file.name.startsWith('npm') ? key : null);
    for (const one of vulnerabilities) {
      number += 1;
      run.lines += 1;
      const entry = Entry.safeParse(one);
      if (entry.success) yield { name, entry: entry.data };
      else run.problem(file.name, number, 'an entry that is none');
    }
  }
  if (known === 0) throw notThisFeed(file, 'all components');
}

function advisoryOf(npmName: string | null, entry: Entry, run: FeedRun): Advisory | null {
  if (npmName === null) {
    run.leaveOut('a library without a name in npm');
    return null;
  }
  const name = canonicalPackageName('npm', npmName);
  const affected = name === null ? null : statementsOf(name, entry);
  if (!affected || affected.length === 0) {
    run.leaveOut('a name or version that is none');
    return null;
  }
  const cves = [...new Set(entry.identifiers.CVE.filter(isCveName))];
  const aliases = aliasesOf(entry);
  const known = cves[0] ?? aliases[0];
  if (known === undefined) {
    run.leaveOut('an entry without a name');
    return null;
  }
  const rating = ratingOf(entry.severity ?? '');
  return {
    id: `retirejs:${name}:${aliases[0] ?? known}`,
    feed: 'retirejs',
    published: null,
    vulnerabilities: cves,
    aliases: aliases.length > 0 && cves.length < 2 ? aliases : null,
    ...(rating ? { rating } : {}),
    affected,
  };
}

function statementsOf(name: string, { below, atOrAbove }: Entry): Affected[] | null {
  if (below === undefined && atOrAbove === undefined) return null;
  const range = [atOrAbove === undefined ? '' : `>=${atOrAbove}`, below === undefined ? '' : `<${below}`].join(' ').trim();
  const stretches = npmRange(range);
  return stretches && npmStatements(name, stretches);
}

/** The names that others give it. Numbers of npm's first advisories are those of the Node.js security working group. */
function aliasesOf({ identifiers, info }: Entry): string[] {
  const numbers = info.flatMap(
    (url) => /^https:\/\/(?:nodesecurity\.io|www\.npmjs\.com)\/advisories\/(\d{1,3})$/.exec(url)?.[1] ?? [],
  );
  const ghsa = /^GHSA(?:-[0-9a-z]{4}){3}$/.exec(identifiers.githubID ?? '')?.[0];
  return [...new Set([...(ghsa === undefined ? [] : [ghsa]), ...numbers.map((number) => `NSWG-ECO-${number}`)])];
}

/** One flaw may have an entry for each branch. */
function joinEntries(earlier: Advisory, later: Advisory): Advisory {
  const rating = Math.max(earlier.rating ?? 0, later.rating ?? 0);
  const aliases = [...new Set([...(earlier.aliases ?? []), ...(later.aliases ?? [])])];
  const whole = joinStatements(earlier, later);
  return {
    ...whole,
    aliases: aliases.length > 0 && whole.vulnerabilities.length < 2 ? aliases : null,
    ...(rating > 0 ? { rating: rating as Severity } : {}), // the higher of two
  };
}
