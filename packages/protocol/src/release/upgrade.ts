import { z } from 'zod';
import { text } from '../facts/fact.ts';
import { Instant } from '../ids.ts';
import { RegionName } from './origins.ts';
import { ReleasePlatform, ReleaseVersion } from './target.ts';

/** Version of content by its kind; kinds that the other side does not know are ignored. */
const ContentVersions = z.record(z.string().regex(/^[a-z][a-z-]{0,31}$/), ReleaseVersion);

/** Why an agent shall stay on what it has although the platform knows of something newer. */
export const holdReasons = ['paused', 'prevented', 'window', 'ring', 'pinned'] as const;

/**
 * Of a check-in's reply: which release the platform wants on this agent. It says only *which*; what a version is, signed metadata says.
 * Absent from platforms without releases, and for agents that sent no upgrade report.
 */
export const DesiredRelease = z.object({
  /** Version of the code bundle; absent: keep what runs. It may be older than what runs: a roll-back or a pin. */
  agent: ReleaseVersion.optional(),
  /** Try again although this agent refused the version before. */
  retryRefused: z.boolean().optional(),
  /** When to switch. Downloading and staging may happen before. Absent: at any time. */
  window: z.object({ from: Instant, until: Instant }).optional(),
  /** Why nothing newer is wanted; for people. */
  held: z.enum(holdReasons).optional(),
  /** Version of content by kind; a kind that is absent stays as it is. */
  content: ContentVersions.optional(),
  region: RegionName.optional(),
  /** Below these seconds of probation without trouble a new version is not committed. */
  probationSeconds: z.int().min(10).max(86_400).optional(),
  /** Metadata that expires soon or has expired, by the platform's clock. */
  expiring: z
    .array(z.object({ role: z.string().max(64), expiresAt: Instant }))
    .max(8)
    .optional(),
});
export type DesiredRelease = z.infer<typeof DesiredRelease>;

/** Steps of an upgrade; `committed`, `rolled-back` and `failed` are outcomes and stay until the next attempt. */
export const upgradeStates = [
  'idle',
  /** For a window, for memory or disk, or for a retry. */
  'waiting',
  'downloading',
  'staged',
  /** The new version runs and is watched. */
  'probation',
  'committed',
  'rolled-back',
  /** Nothing was switched: download, verification or pre-flight failed. */
  'failed',
] as const;
export const UpgradeState = z.enum(upgradeStates);
export type UpgradeState = z.infer<typeof UpgradeState>;

/** Why an upgrade waits or failed, or content was refused. */
export const upgradeReasons = [
  'window',
  'prevented',
  'backoff',
  'disk',
  'memory',
  'permission',
  'unreachable',
  /** Wrong length, hash or signature at every origin. */
  'verification',
  'expired',
  'clock',
  'unknown-version',
  'preflight',
  'crash',
  'budget',
  'unhealthy',
  'tries',
  'refused',
  'internal',
] as const;
/** A reason that this side does not know yet counts as `internal`; the detail tells. */
const UpgradeReason = z.enum(upgradeReasons).catch('internal');

/** Of a check-in: what runs here and how the upgrade goes. Its presence tells the platform that this agent can upgrade itself from origins. */
export const UpgradeReport = z.object({
  platform: ReleasePlatform,
  agent: ReleaseVersion,
  runtime: ReleaseVersion,
  content: ContentVersions.default({}),
  /** Content that was wanted and could not be taken, by its kind. */
  contentProblems: z
    .record(
      z.string().regex(/^[a-z][a-z-]{0,31}$/),
      z.object({ version: ReleaseVersion, reason: UpgradeReason, detail: text.max(500) }),
    )
    .optional(),
  state: UpgradeState,
  /** Version of the attempt that `state` is about. */
  target: ReleaseVersion.optional(),
  since: Instant,
  reason: UpgradeReason.optional(),
  detail: text.max(500).optional(),
  /** Of the attempt: bytes received and expected, and from which hosts. */
  bytes: z.object({ received: z.int().min(0), expected: z.int().min(0) }).optional(),
  origins: z
    .array(z.object({ host: text.max(255), bytes: z.int().min(0) }))
    .max(8)
    .optional(),
  /** Versions that this agent will not try again by itself. */
  refused: z
    .array(z.object({ version: ReleaseVersion, reason: UpgradeReason }))
    .max(16)
    .default([]),
  /** Earliest expiry of the metadata that this agent trusts. */
  metadataExpiresAt: Instant.optional(),
});
export type UpgradeReport = z.infer<typeof UpgradeReport>;
