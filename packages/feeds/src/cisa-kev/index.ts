import { z } from 'zod';
import type { Feed, FeedFacts, FeedFile, ParseOptions } from '../feed.ts';
import { FeedRun } from '../shared/feed-run.ts';
import { feedJson, notThisFeed, truncated } from '../shared/feed-text.ts';
import { dayOf, isCveName } from '../shared/identifiers.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';

const MiB = 1024 * 1024;

/** What Vedette needs of CISA's own JSON schema. */
const Catalogue = z.object({
  count: z.int(),
  vulnerabilities: z.array(z.unknown()).max(100_000),
});
const Entry = z.object({ cveID: z.string(), dateAdded: z.string() });

export const cisaKev: Feed = {
  name: 'cisa-kev',
  factsOnly: true,
  describes: "CISA's catalogue of known exploited vulnerabilities.",
  files: [
    {
      pattern: 'known_exploited_vulnerabilities*.json',
      url: 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
    },
    // The same under the name that mirrors of the catalogue like to give it.
    { pattern: 'cisa_kev*.json', url: null },
  ],
  maxBytes: 32 * MiB,
  minimumRecords: 1000,
  parse(files: Iterable<FeedFile>, options?: ParseOptions): FeedFacts {
    const run = new FeedRun(this, options);
    const seen = new Set<string>();
    for (const file of run.over(files)) {
      for (const { cve, kevSince } of readCatalogue(file, this.maxBytes, run)) {
        seen.add(cve);
        run.keepFacts({ ...emptyVulnerability(cve), kevSince });
      }
    }
    run.records = seen.size;
    return run.finish();
  },
};

function* readCatalogue(file: FeedFile, maxBytes: number, run: FeedRun): Generator<{ cve: string; kevSince: string }> {
  const catalogue = Catalogue.safeParse(feedJson(file, maxBytes));
  if (!catalogue.success) throw notThisFeed(file, 'field "count" or "vulnerabilities"', catalogue.error);
  const { count, vulnerabilities } = catalogue.data;
  if (count !== vulnerabilities.length) throw truncated(file, vulnerabilities.length);
  for (const [index, value] of vulnerabilities.entries()) {
    run.lines += 1;
    const entry = Entry.safeParse(value);
    const kevSince = entry.success ? dayOf(entry.data.dateAdded) : null;
    if (entry.success && kevSince && isCveName(entry.data.cveID)) yield { cve: entry.data.cveID, kevSince };
    else run.problem(file.name, index + 1, 'an entry without CVE name or day');
  }
}
