import { z } from 'zod';

/** Where a record came from: shown with every detection that rests on it. */
export const RecordOrigin = z.object({
  feed: z.string().meta({ description: 'Name of the feed: debian-dsa, debian-dla, debian-changelog, cisa-kev …' }),
  location: z.string().meta({ description: 'Official address, or the name of the file it was read from' }),
  retrievedAt: z.string().meta({ description: 'RFC 3339' }),
  sha256: z.string().meta({ description: 'Hash of the feed file as read' }),
});
export type RecordOrigin = z.infer<typeof RecordOrigin>;

/**
 * What an authority says of one source package in one release.
 * `fixed`: versions from `introduced` (all, when null) up to, not including, `fixed` are affected.
 * `affected`: every version is, no fix yet. `not-affected`: none is.
 */
export const Affected = z.object({
  ecosystem: z.enum(['debian']),
  release: z.string().meta({ description: 'Code name of the release: bookworm' }),
  package: z.string().meta({ description: 'Source package' }),
  status: z.enum(['fixed', 'affected', 'not-affected']),
  introduced: z.string().nullable(),
  fixed: z.string().nullable(),
});
export type Affected = z.infer<typeof Affected>;

/** An upstream record in one form, whatever feed it came from. Facts only: no prose of the source. */
export const Advisory = z.object({
  id: z.string().meta({ description: 'DSA-5865-1, DLA-4037-1, or debian-changelog:SOURCE:VERSION' }),
  feed: z.string(),
  published: z.iso.date().nullable(),
  /** CVE names it speaks of; may be empty. */
  vulnerabilities: z.array(z.string()),
  affected: z.array(Affected),
});
export type Advisory = z.infer<typeof Advisory>;

export const Cvss = z.object({
  version: z.enum(['2.0', '3.0', '3.1', '4.0']),
  vector: z.string(),
  score: z.number().min(0).max(10),
  source: z.string().meta({ description: 'Who scored: nvd, cna, cisa-adp' }),
});
export type Cvss = z.infer<typeof Cvss>;

/** What is known of a vulnerability apart from packages. */
export const Vulnerability = z.object({
  id: z.string().meta({ description: 'CVE name' }),
  published: z.iso.date().nullable(),
  cvss: z.array(Cvss),
  cwe: z.array(z.string()),
  /** In CISA's catalogue of known exploited vulnerabilities since this day. */
  kevSince: z.iso.date().nullable(),
  epss: z.object({ score: z.number(), percentile: z.number(), date: z.iso.date() }).nullable(),
});
export type Vulnerability = z.infer<typeof Vulnerability>;

/** Everything an import brings: the input of the checks. */
export interface KnowledgeInput {
  readonly advisories: readonly Advisory[];
  readonly vulnerabilities: readonly Vulnerability[];
  readonly origins: readonly RecordOrigin[];
}
