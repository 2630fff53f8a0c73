import { z } from 'zod';
import { EcosystemName } from './ecosystem-name.ts';
import { Requirement } from './posture.ts';
import { Severity } from './severity.ts';

/** Where a record came from: shown with every detection that rests on it. */
export const RecordOrigin = z.object({
  feed: z.string().meta({ description: 'Name of the feed: debian-dsa, debian-dla, debian-changelog, cisa-kev …' }),
  location: z.string().meta({ description: 'Official address, or the name of the file it was read from' }),
  retrievedAt: z.string().meta({ description: 'RFC 3339' }),
  sha256: z.string().meta({ description: 'Hash of the feed file as read' }),
});
export type RecordOrigin = z.infer<typeof RecordOrigin>;

/**
 * What a vendor adds to "affected, no fix": why there is none, or how little it matters. Words of Debian's tracker; those of
 * other vendors are mapped to them by their feed. `unimportant` is information, `undetermined` potential: no detections of weight.
 */
export const VendorState = z.enum(['no-dsa', 'postponed', 'ignored', 'end-of-life', 'undetermined', 'unimportant']);
export type VendorState = z.infer<typeof VendorState>;

/** What each state means, in words for the person who reads a verdict. */
export const vendorStateMeanings = {
  'no-dsa': 'affected; not grave enough for an advisory of its own, a point release may bring the fix',
  postponed: 'affected; the fix waits for a later update',
  ignored: 'affected; the vendor decided not to fix it in this release',
  'end-of-life': 'affected; the vendor no longer supports the package in this release',
  undetermined: 'the vendor has not yet determined whether the package is affected',
  unimportant: 'the flaw does no harm as the package is built or used',
} as const satisfies Record<VendorState, string>;

/**
 * What an authority says of one package in one release: one stretch of versions. Several stretches of the same advisory are
 * several statements; together they mean their union.
 *
 * A version is inside when it is not below `introduced` (null: the very first), below `fixed` and below `limit`, and not above
 * `lastAffected`; so the OSV schema defines its events. With `versions` it is inside when it is one of them, and the bounds are null.
 *
 * `fixed`: the versions inside are affected, `fixed` is the first that no longer is (null where the vendor names nothing but the
 * patches; such a statement decides nothing by version). `affected`: those inside are, and no fix is
 * known. `not-affected`: none is.
 */
export const Affected = z.object({
  ecosystem: EcosystemName,
  release: z.string().meta({
    description: 'Release as the distribution writes it: bookworm, jammy, 3.20, 9; empty for registries, and where all are meant',
  }),
  package: z.string().meta({ description: 'Source package, or binary package where the vendor speaks of those' }),
  status: z.enum(['fixed', 'affected', 'not-affected']),
  introduced: z.string().nullable(),
  fixed: z.string().nullable(),
  lastAffected: z.string().nullish(),
  limit: z.string().nullish(),
  versions: z.array(z.string()).nullish(),
  module: z.string().nullish().meta({ description: 'Module and stream of a modular rpm: nodejs:12' }),
  vendorState: VendorState.nullish(),
  patches: z.array(z.string()).nullish().meta({ description: 'Names of the updates that bring the fix, any of them: KB5034441' }),
  /** Of a posture check: affected is what does not meet it. */
  requires: Requirement.nullish(),
});
export type Affected = z.infer<typeof Affected>;

/** An upstream record in one form, whatever feed it came from. Facts only: no prose of the source. */
export const Advisory = z.object({
  id: z.string().meta({ description: 'DSA-5865-1, GHSA-…, ALSA-2021:2363, or debian-changelog:SOURCE:VERSION' }),
  feed: z.string(),
  published: z.iso.date().nullable(),
  /** The day its authority last changed it, where that is said. */
  modified: z.iso.date().nullish(),
  /** CVE names it speaks of; may be empty. */
  vulnerabilities: z.array(z.string()),
  /** Other names of the same one vulnerability (GHSA, PYSEC, RUSTSEC, GO …); not of a bundle of several. */
  aliases: z.array(z.string()).nullish(),
  /** The day its authority took it back; it makes no check then. */
  withdrawn: z.iso.date().nullish(),
  /** How grave its authority calls it, where that is said in words. */
  rating: Severity.nullish(),
  affected: z.array(Affected),
});
export type Advisory = z.infer<typeof Advisory>;

export const CvssVersion = z.enum(['2.0', '3.0', '3.1', '4.0']);
export type CvssVersion = z.infer<typeof CvssVersion>;

export const Cvss = z.object({
  version: CvssVersion,
  vector: z.string(),
  score: z.number().min(0).max(10),
  source: z.string().meta({ description: 'Who scored: nvd, cna, cisa-adp' }),
});
export type Cvss = z.infer<typeof Cvss>;

/** CISA's decision points of SSVC 2.0.3: what helps to decide how soon to act. */
export const Ssvc = z.object({
  exploitation: z.enum(['none', 'poc', 'active']),
  automatable: z.boolean(),
  technicalImpact: z.enum(['partial', 'total']),
  date: z.iso.date(),
});
export type Ssvc = z.infer<typeof Ssvc>;

/** What is known of a vulnerability apart from packages. */
export const Vulnerability = z.object({
  id: z.string().meta({ description: 'CVE name, or the name its authority gave where there is no CVE' }),
  published: z.iso.date().nullable(),
  /** The day its authority last changed the record, where that is said. */
  modified: z.iso.date().nullish(),
  cvss: z.array(Cvss),
  cwe: z.array(z.string()),
  /** In CISA's catalogue of known exploited vulnerabilities since this day. */
  kevSince: z.iso.date().nullable(),
  epss: z.object({ score: z.number(), percentile: z.number(), date: z.iso.date() }).nullable(),
  ssvc: Ssvc.nullish(),
});
export type Vulnerability = z.infer<typeof Vulnerability>;

/** One record and where it came from: what was read, from where, when, and the hashes by which anybody finds it unchanged. */
export const RecordSource = z.object({
  id: z.string().meta({ description: 'Name that its authority gave the record' }),
  ...RecordOrigin.shape,
  recordSha256: z.string().meta({ description: 'Hash of the record as it is kept: canonical JSON (RFC 8785)' }),
});
export type RecordSource = z.infer<typeof RecordSource>;

/** Everything an import brings: the input of the checks. */
export interface KnowledgeInput {
  readonly advisories: readonly Advisory[];
  readonly vulnerabilities: readonly Vulnerability[];
  readonly origins: readonly RecordOrigin[];
}
