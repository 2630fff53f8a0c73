import type { Cvss, Vulnerability } from '@vedette/protocol';
import { z } from 'zod';
import type { FeedFile } from '../feed.ts';
import type { FeedRun } from '../shared/feed-run.ts';
import { feedJson, limited, notThisFeed, truncated } from '../shared/feed-text.ts';
import { dayOf, isCveName, isCvssVector, isCwe, modifiedOn } from '../shared/identifiers.ts';
import { splitJson } from '../shared/split-json.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';

const partBytes = 1024 * 1024;

/** A file of the feeds in format 2.0, which have the form of an answer of the interface. */
const Year = z.object({
  format: z.literal('NVD_CVE'),
  version: z.literal('2.0'),
  totalResults: z.int(),
  vulnerabilities: z.array(z.unknown()).max(200_000),
});

const Metric = z.object({
  source: z.string().max(256),
  cvssData: z.object({ version: z.string(), vectorString: z.string(), baseScore: z.number().min(0).max(10) }),
});
const Metrics = z.array(Metric).max(100).default([]);
const Item = z.object({
  cve: z.object({
    id: z.string(),
    vulnStatus: z.string().optional(),
    published: z.string(),
    lastModified: z.string().optional(),
    metrics: z
      .object({ cvssMetricV2: Metrics, cvssMetricV30: Metrics, cvssMetricV31: Metrics, cvssMetricV40: Metrics })
      .default({ cvssMetricV2: [], cvssMetricV30: [], cvssMetricV31: [], cvssMetricV40: [] }),
    weaknesses: z
      .array(z.object({ description: z.array(z.object({ value: z.string() })).max(100) }))
      .max(100)
      .default([]),
  }),
});
type Item = z.infer<typeof Item>;

/** In parts, as one document takes several hundred megabytes of memory. Throws FeedError. */
export function* readYear(file: FeedFile, maxBytes: number, run: FeedRun): Generator<Vulnerability> {
  let items = 0;
  let stated = 0;
  for (const part of splitJson(limited(file, maxBytes).bytes, partBytes)) {
    const year = Year.safeParse(feedJson({ name: file.name, bytes: part }, maxBytes));
    if (!year.success) throw notThisFeed(file, 'field "vulnerabilities" or those before it', year.error);
    stated = year.data.totalResults;
    for (const value of year.data.vulnerabilities) {
      items += 1;
      run.lines += 1;
      const item = Item.safeParse(value);
      if (item.success && isCveName(item.data.cve.id)) yield factsOf(item.data.cve);
      else run.problem(file.name, items, 'not a CVE item');
    }
  }
  if (items !== stated) throw truncated(file, items);
}

function factsOf({ id, published, lastModified, metrics, weaknesses }: Item['cve']): Vulnerability {
  const scores = [...metrics.cvssMetricV2, ...metrics.cvssMetricV30, ...metrics.cvssMetricV31, ...metrics.cvssMetricV40];
  const words = weaknesses.flatMap(({ description }) => description.map(({ value }) => value));
  return {
    ...emptyVulnerability(id),
    published: dayOf(published),
    ...modifiedOn(lastModified),
    cvss: scores.flatMap(cvssOf),
    // "NVD-CWE-noinfo" and the like say nothing.
    cwe: [...new Set(words.filter(isCwe))],
  };
}

/** NVD's own scores; those of others come with the CVE record, under the name of who gave them. */
function cvssOf({ source, cvssData: { version, vectorString: vector, baseScore: score } }: z.infer<typeof Metric>): Cvss[] {
  if (source !== 'nvd@nist.gov') return [];
  if (version !== '2.0' && version !== '3.0' && version !== '3.1' && version !== '4.0') return [];
  return isCvssVector(version, vector) ? [{ version, vector, score, source: 'nvd' }] : [];
}
