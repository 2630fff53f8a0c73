import type { Cvss, Vulnerability } from '@vedette/protocol';
import { z } from 'zod';
import type { FeedFile } from '../feed.ts';
import type { FeedRun } from '../shared/feed-run.ts';
import { feedJson, limited, notThisFeed, truncated } from '../shared/feed-text.ts';
import { dayOf, isCveName, isCvssVector, isCwe, modifiedOn } from '../shared/identifiers.ts';
import { splitJson } from '../shared/split-json.ts';
import { emptyVulnerability } from '../shared/vulnerability-facts.ts';

const partBytes = 1024 * 1024;

/** One yearly file of the NVD JSON 1.1 feeds, as far as Vedette reads it. */
const Year = z.object({
  CVE_data_format: z.literal('MITRE'),
  CVE_data_numberOfCVEs: z.string().regex(/^\d{1,7}$/),
  CVE_Items: z.array(z.unknown()).max(200_000),
});

const Score = z.object({ version: z.string(), vectorString: z.string(), baseScore: z.number().min(0).max(10) });
const Item = z.object({
  cve: z.object({
    CVE_data_meta: z.object({ ID: z.string() }),
    problemtype: z
      .object({
        problemtype_data: z.array(z.object({ description: z.array(z.object({ value: z.string() })).max(100) })).max(100),
      })
      .optional(),
  }),
  impact: z.object({
    baseMetricV2: z.object({ cvssV2: Score }).optional(),
    baseMetricV3: z.object({ cvssV3: Score }).optional(),
  }),
  publishedDate: z.string(),
  lastModifiedDate: z.string().optional(),
});

/**
 * A yearly file of the feeds in format 1.1, which ended in 2023 and lives on in mirrors. In parts: an archive of a year as one document
 * takes several hundred megabytes of memory. Throws FeedError.
 */
export function* readLegacyYear(file: FeedFile, maxBytes: number, run: FeedRun): Generator<Vulnerability> {
  let items = 0;
  let stated = 0;
  for (const part of splitJson(limited(file, maxBytes).bytes, partBytes)) {
    const year = Year.safeParse(feedJson({ name: file.name, bytes: part }, maxBytes));
    if (!year.success) throw notThisFeed(file, 'field "CVE_Items" or those before it', year.error);
    stated = Number(year.data.CVE_data_numberOfCVEs);
    for (const value of year.data.CVE_Items) {
      items += 1;
      run.lines += 1;
      const item = Item.safeParse(value);
      if (item.success && isCveName(item.data.cve.CVE_data_meta.ID)) yield factsOf(item.data);
      else run.problem(file.name, items, 'not a CVE item');
    }
  }
  if (items !== stated) throw truncated(file, items);
}

function factsOf(item: z.infer<typeof Item>): Vulnerability {
  const weaknesses = item.cve.problemtype?.problemtype_data.flatMap((type) => type.description.map((text) => text.value)) ?? [];
  return {
    ...emptyVulnerability(item.cve.CVE_data_meta.ID),
    published: dayOf(item.publishedDate),
    ...modifiedOn(item.lastModifiedDate),
    cvss: [item.impact.baseMetricV2?.cvssV2, item.impact.baseMetricV3?.cvssV3].flatMap((score) => cvssOf(score)),
    // "NVD-CWE-noinfo" and the like say nothing.
    cwe: [...new Set(weaknesses.filter(isCwe))],
  };
}

function cvssOf(score: z.infer<typeof Score> | undefined): Cvss[] {
  const version = score?.version;
  if (!score || (version !== '2.0' && version !== '3.0' && version !== '3.1')) return [];
  return isCvssVector(version, score.vectorString)
    ? [{ version, vector: score.vectorString, score: score.baseScore, source: 'nvd' }]
    : [];
}
