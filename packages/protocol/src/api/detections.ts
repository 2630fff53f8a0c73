import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, CheckNumber, Instant } from '../ids.ts';
import { Affected, CvssVersion, RecordOrigin } from '../knowledge/advisory.ts';
import { CheckAffected, CheckConfidence } from '../knowledge/check.ts';
import { Evidence } from '../knowledge/evidence.ts';
import { PostureText } from '../knowledge/posture.ts';
import { Severity } from '../knowledge/severity.ts';
import { DetectionException } from './exceptions.ts';
import { CursorPage, listOf, QueryText, SortDirection } from './paging.ts';
import { RiskFactor, RiskScore } from './risk.ts';

/** `new` for seven days after the first time, then `active`; `reopened` when it had been fixed before. */
export const DetectionStatus = z.enum(['new', 'active', 'reopened', 'fixed']);
export type DetectionStatus = z.infer<typeof DetectionStatus>;

/** One package on the asset that makes the check true, or made it true. */
export const DetectionPackage = z.object({
  name: z.string(),
  architecture: z.string(),
  installed: z.string().meta({ description: 'Version on the asset' }),
  fixed: z.string().nullable().meta({ description: 'First version without the flaw; null while the vendor has none' }),
  source: z.string(),
  /** installed: on disk. running: the kernel that runs now. dormant: an installed kernel that does not run. */
  role: z.enum(['installed', 'running', 'dormant']),
  advisory: z.string(),
  feed: z.string(),
});
export type DetectionPackage = z.infer<typeof DetectionPackage>;

/** A flaw of what is installed, or a state of the machine that should be another. */
export const CheckKind = z.enum(['vulnerability', 'posture']);
export type CheckKind = z.infer<typeof CheckKind>;

export const Detection = z.object({
  assetId: AssetId,
  hostname: z.string(),
  check: CheckNumber,
  name: z.string(),
  kind: CheckKind.default('vulnerability'),
  /** What a posture check asks for, in a few words; null for vulnerabilities. */
  title: z.string().nullable().default(null),
  severity: Severity,
  /** The highest of its packages': information where only dormant kernels are affected, potential where nobody has said so for certain. */
  confidence: CheckConfidence,
  status: DetectionStatus,
  firstFound: Instant,
  lastFound: Instant,
  fixedAt: Instant.nullable(),
  kevSince: z.iso.date().nullable(),
  /** Of the check on this asset. */
  risk: RiskScore.default(0),
  exception: DetectionException.nullable().default(null).meta({ description: 'Under which it is, where it is open' }),
  cvssScore: z.number().nullable().meta({ description: 'The highest base score that somebody gave' }),
  cvssVersion: CvssVersion.nullable().default(null).meta({ description: 'Of CVSS, by which that score was given' }),
  epssScore: z.number().nullable(),
  packages: z.array(DetectionPackage),
});
export type Detection = z.infer<typeof Detection>;

const Days = z.coerce.number().int().min(1).max(3650);

/** Which detections; of lists and counts alike. */
export const DetectionFilter = CursorPage.extend({
  query: QueryText,
  assetId: AssetId.optional(),
  check: z.coerce.number().pipe(CheckNumber).optional(),
  status: z.enum(['open', 'new', 'active', 'reopened', 'fixed', 'all']).default('open'),
  severity: z.coerce.number().pipe(Severity).optional().meta({ description: 'At least this severity' }),
  severityExact: z.coerce.number().pipe(Severity).optional().meta({ description: 'Exactly this severity' }),
  kind: CheckKind.optional(),
  exploited: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: only vulnerabilities that CISA lists as exploited' }),
  foundWithinDays: Days.optional().meta({ description: 'First found within so many days before asOf' }),
  fixedWithinDays: Days.optional().meta({
    description: 'Fixed within so many days before asOf; ask for the status fixed or all',
  }),
  search: z.string().max(200).optional().meta({ description: 'Part of a package, source or CVE name' }),
  exception: z
    .enum(['without', 'only', 'with'])
    .default('without')
    .meta({ description: 'Open ones that an exception covers: left out, alone, or among the others' }),
  asOf: Instant.optional().meta({ description: 'The view at this moment of the past' }),
});

/**
 * `worst`: by severity, known exploited ones first, then by EPSS and number. `asset`: asset by asset, each one's worst first. `risk`: the highest
 * first. `hostname`, `name`, `package`, `status`: by the letters. `firstFound`, `lastFound`, `cvss`, `epss`: the least first. What is alike is
 * worst first.
 */
export const DetectionSorting = z.enum([
  'worst',
  'asset',
  'risk',
  'name',
  'hostname',
  'package',
  'status',
  'firstFound',
  'lastFound',
  'cvss',
  'epss',
]);
export type DetectionSorting = z.infer<typeof DetectionSorting>;

export const listDetections = endpoint({
  name: 'listDetections',
  summary: 'Detections, worst first.',
  method: 'GET',
  path: '/detections',
  permission: 'detection:read',
  query: DetectionFilter.extend({
    sort: DetectionSorting.optional().meta({
      description:
        'worst when left out, and for CSV asset: so a whole fleet is read many times as fast. firstFound is exact for what was found in the last 400 days (31 in the first minutes after a start); in a fleet, what was found before that comes before it, worst first. package: by the first of the packages that make it true. lastFound: an open detection was last found when its asset was last assessed, so they come asset by asset. Fixed detections have these two orders for one asset alone',
    }),
    direction: SortDirection.default('ascending').meta({
      description: 'Of what is sorted by; what is alike in that stays worst first. asset is ascending',
    }),
  }),
  reply: listOf(Detection),
});

/** One statement that was considered, and what became of it. */
export const ConsideredStatement = z.object({
  statement: CheckAffected,
  /** True for the one that decided. */
  decides: z.boolean(),
  /** Whether it counts at all; otherwise it was set aside. */
  counts: z.boolean(),
  why: z.string().meta({ description: 'Which rule lets it count or sets it aside, in words' }),
});
export type ConsideredStatement = z.infer<typeof ConsideredStatement>;

/** One step of the reasoning: everything a person needs to check the verdict by hand. */
export const Reason = z.object({
  package: DetectionPackage,
  /** Versions are compared for the source package, of which advisories speak. */
  sourcePackage: z.string(),
  sourceVersion: z.string(),
  release: z.string(),
  statement: Affected,
  comparison: z
    .object({
      left: z.string(),
      operator: z.enum(['<', '=', '>']),
      right: z.string(),
      order: z.string().meta({ description: 'Whose version order: dpkg (deb-version(7))' }),
    })
    .nullable(),
  verdict: z.enum(['affected', 'not-affected']),
  confidence: CheckConfidence,
  /** Why so much or so little: the kernel that runs, the vendor's state. */
  confidenceReason: z.string(),
  /** Everything that was said of this package by the check, the deciding statement first. */
  considered: z.array(ConsideredStatement),
  /** The same in one plain sentence. */
  sentence: z.string(),
  advisory: z.object({ id: z.string(), feed: z.string(), published: z.iso.date().nullable(), url: z.string().nullable() }),
  origin: RecordOrigin.nullable().meta({ description: 'The file of the deciding record, as it was when the verdict was made' }),
  knowledgeVersion: z.int(),
  knowledgeAt: Instant.meta({ description: 'When this platform imported that knowledge version' }),
  /** What was recorded with the verdict; null for one older than the recording. */
  evidence: z.object({ sha256: z.string(), record: Evidence }).nullable(),
});
export type Reason = z.infer<typeof Reason>;

/** A stretch of time in which the check was true on the asset. */
export const Interval = z.object({
  from: Instant,
  until: Instant.nullable(),
  /** What began and what ended it. */
  cause: z.enum(['first-scan', 'package-change', 'setting-change', 'knowledge-change', 'reboot']),
  endCause: z.enum(['package-change', 'setting-change', 'knowledge-change', 'reboot']).nullable(),
});
export type Interval = z.infer<typeof Interval>;

export const Explanation = z.object({
  detection: Detection,
  risk: z
    .object({ score: RiskScore, formula: z.int().meta({ description: 'Version of the formula' }), factors: z.array(RiskFactor) })
    .nullable()
    .default(null)
    .meta({ description: 'What made the risk this' }),
  intervals: z.array(Interval),
  why: z.array(Reason),
  /** Of a posture check: why it matters and how to fix it. */
  posture: PostureText.nullable().default(null),
});
export type Explanation = z.infer<typeof Explanation>;

export const explainDetection = endpoint({
  name: 'explainDetection',
  summary: 'Why a detection exists: facts, comparison, advisory, origin, and its history.',
  method: 'GET',
  path: '/assets/:assetId/detections/:check',
  permission: 'detection:read',
  params: z.object({ assetId: AssetId, check: z.coerce.number().pipe(CheckNumber) }),
  reply: Explanation,
  errors: ['NOT_FOUND'],
});
