import { z } from 'zod';
import { CheckNumber, Instant } from '../ids.ts';
import { Affected, Cvss, Ssvc } from './advisory.ts';
import { PostureText } from './posture.ts';
import { Severity } from './severity.ts';

/**
 * How sure it is, or how much it matters. confirmed: the vendor says so of this package; potential: something must still be true, that
 * nobody has said yet; information: true, but of little or no consequence.
 */
export const CheckConfidence = z.enum(['confirmed', 'potential', 'information']);
export type CheckConfidence = z.infer<typeof CheckConfidence>;

/** One statement of one advisory, as part of a check: the unit a verdict rests on. */
export const CheckAffected = Affected.extend({
  advisory: z.string(),
  feed: z.string(),
  published: z.iso.date().nullable(),
});
export type CheckAffected = z.infer<typeof CheckAffected>;

/** Entry of the knowledge base: how one vulnerability shows on a machine, with everything known about it. */
export const Check = z.object({
  number: CheckNumber,
  /** Canonical name: the CVE, or the advisory where no CVE was given. */
  name: z.string(),
  aliases: z.array(z.string()).meta({ description: 'Advisories that speak of it' }),
  severity: Severity,
  /** Which rule gave the severity, in words a person can check: "CVSS 3.1 base score 9.8 (nvd)". */
  severityRule: z.string(),
  /** The highest that one of its statements allows. */
  confidence: CheckConfidence,
  published: z.iso.date().nullable(),
  /** The latest day on which one of its authorities changed its record, where one says so. */
  modified: z.iso.date().nullish(),
  cvss: z.array(Cvss),
  cwe: z.array(z.string()),
  kevSince: z.iso.date().nullable(),
  epss: z.object({ score: z.number(), percentile: z.number(), date: z.iso.date() }).nullable(),
  ssvc: Ssvc.nullish(),
  patchable: z.boolean(),
  /** Of a posture check: what it means and what to do. Absent from checks for vulnerabilities. */
  posture: PostureText.nullish(),
  affected: z.array(CheckAffected),
});
export type Check = z.infer<typeof Check>;

/** One thing that a knowledge version changed about a check; derived from the versions of the check, stored nowhere. */
export const CheckChange = z.object({
  knowledgeVersion: z.int(),
  at: Instant,
  what: z.enum([
    'first-seen',
    'withdrawn',
    'returned',
    'severity',
    'confidence',
    'known-exploited',
    'cvss',
    'epss',
    'ssvc',
    'weaknesses',
    'aliases',
    'patchable',
    'published',
    'statement-added',
    'statement-withdrawn',
    'statement-changed',
  ]),
  /** Which statement: "debian bookworm openssl, DSA-5764-1"; null for facts of the whole check. */
  subject: z.string().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
});
export type CheckChange = z.infer<typeof CheckChange>;

/** A page on which a person reads more. */
export const Reference = z.object({ name: z.string(), url: z.string() });
export type Reference = z.infer<typeof Reference>;
