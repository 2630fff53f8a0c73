import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, Instant } from '../ids.ts';
import { OriginUrl, Region, RegionName } from '../release/origins.ts';
import { contentKinds, Product, products, ReleasePlatform, ReleaseVersion } from '../release/target.ts';
import { holdReasons, UpgradeState } from '../release/upgrade.ts';
import { CursorPage, listOf, Page, pageOf, sortedBy } from './paging.ts';

const HexKey = z.string().regex(/^[0-9a-f]{64}$/);
const OnlineKey = z.object({ keyId: HexKey, public: HexKey });

/** How near its expiry a role's metadata is: from 30 days ahead people are asked to sign it anew. */
export const ExpiryLevel = z.enum(['ok', 'notice', 'warning', 'critical', 'expired']);
export type ExpiryLevel = z.infer<typeof ExpiryLevel>;
export const expiryNoticeDays = { notice: 30, warning: 14, critical: 7 } as const;

export const ReleaseRole = z.object({
  role: z.string(),
  version: z.int(),
  expiresAt: Instant,
  level: ExpiryLevel,
  /** The platform signs these itself; a level above ok means that it could not. */
  online: z.boolean(),
});
export type ReleaseRole = z.infer<typeof ReleaseRole>;

export const ReleasedProgram = z.object({
  product: Product,
  version: ReleaseVersion,
  platform: ReleasePlatform,
  /** On the wire, whole; and the smallest delta. */
  bytes: z.int(),
  deltaBytes: z.int().nullable(),
  releasedAt: Instant,
});
export const ReleasedContent = z.object({ content: z.string(), version: ReleaseVersion, bytes: z.int(), releasedAt: Instant });

export const ReleaseRepository = z.object({
  /** Public halves of the keys that the platform signs with: `vedette release init` needs them. */
  onlineKeys: z.object({ snapshot: OnlineKey, timestamp: OnlineKey }),
  isPublished: z.boolean(),
  roles: z.array(ReleaseRole),
  programs: z.array(ReleasedProgram),
  content: z.array(ReleasedContent),
  revoked: z.array(z.object({ name: z.string(), reason: z.string(), at: Instant })),
  /** Why the online roles could not be signed last time; null when they were. */
  problem: z.string().nullable(),
});
export type ReleaseRepository = z.infer<typeof ReleaseRepository>;

export const getReleaseRepository = endpoint({
  name: 'getReleaseRepository',
  summary: 'What was released, which metadata vouches for it, and when that expires.',
  method: 'GET',
  path: '/releases/repository',
  permission: 'release:read',
  reply: ReleaseRepository,
});

/** Signed metadata of the offline roles, as TUF writes it; the platform checks it as an agent would. */
export const publishRelease = endpoint({
  name: 'publishRelease',
  summary: 'Publish signed metadata. Files that it names and the platform has not are listed: upload them, then ask again.',
  method: 'POST',
  path: '/releases/publications',
  permission: 'release:write',
  body: z.object({
    documents: z.object({
      root: z.unknown().optional(),
      targets: z.unknown().optional(),
      content: z.unknown().optional(),
      code: z.unknown().optional(),
    }),
    dryRun: z.boolean().default(false),
  }),
  reply: z.object({
    published: z.boolean(),
    /** SHA-256 of files to upload by PUT /api/v1/releases/files/SHA256. */
    missing: z.array(z.object({ name: z.string(), sha256: HexKey, length: z.int() })),
    versions: z.record(z.string(), z.int()),
  }),
  errors: ['CONFLICT'],
});

/** A part of the fleet that gets a release: assets with one of the tags, and a share of all by a hash that never changes. */
export const Ring = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  tags: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9:._-]{0,63}$/))
    .max(32)
    .default([]),
  percent: z.number().min(0).max(100).default(0),
});
export type Ring = z.infer<typeof Ring>;
export const standardRings: readonly Ring[] = [
  { name: 'canary', tags: ['canary'], percent: 1 },
  { name: 'share', tags: [], percent: 25 },
  { name: 'all', tags: [], percent: 100 },
];

/** When a roll-out stops by itself. Shares are of the agents that tried. */
export const HealthGate = z.object({
  maxFailedShare: z.number().min(0).max(1).default(0.05),
  /** Of agents on the new version that are above their budget. */
  maxOverBudgetShare: z.number().min(0).max(1).default(0.05),
  /** Of agents that were told to upgrade and have not checked in since. */
  maxLostShare: z.number().min(0).max(1).default(0.05),
  lostAfterSeconds: z.int().min(60).max(86_400).default(600),
  onBreach: z.enum(['pause', 'roll-back']).default('pause'),
  /** Hours of good health after which the next ring follows by itself; null: a person promotes. */
  promoteAfterHours: z.number().min(0).max(720).nullable().default(null),
});
export type HealthGate = z.infer<typeof HealthGate>;

export const RolloutState = z.enum(['running', 'paused', 'complete', 'rolled-back', 'superseded']);
export type RolloutState = z.infer<typeof RolloutState>;
export const rolloutSubjects = [products[0], ...contentKinds] as const;
/** What is rolled out: the agent's code, with the runtime that belongs to it, or a kind of content. */
export const RolloutSubject = z.enum(rolloutSubjects);
export type RolloutSubject = z.infer<typeof RolloutSubject>;

/** How far an agent is with a version that is rolled out to it. */
export const RolloutProgress = z.enum(['pending', 'waiting', 'upgrading', 'done', 'failed', 'rolledBack', 'lost']);
export type RolloutProgress = z.infer<typeof RolloutProgress>;

export const Rollout = z.object({
  rolloutId: z.uuid(),
  subject: RolloutSubject,
  version: ReleaseVersion,
  /** What the fleet goes back to. */
  previous: ReleaseVersion.nullable(),
  state: RolloutState,
  rings: z.array(Ring),
  /** Index of the widest ring that is open. */
  ring: z.int(),
  gate: HealthGate,
  reason: z.string(),
  startedAt: Instant,
  startedBy: z.string(),
  changedAt: Instant,
  /** Agents in the open rings by what they report of this version; `pending` have not begun. */
  progress: z.object({
    targeted: z.int(),
    pending: z.int(),
    waiting: z.int(),
    upgrading: z.int(),
    done: z.int(),
    failed: z.int(),
    rolledBack: z.int(),
    lost: z.int(),
    overBudget: z.int(),
  }),
});
export type Rollout = z.infer<typeof Rollout>;

/** `newest`: as they were started. `version`: by major, minor and patch. `changedAt`: the newest first. */
export const RolloutSorting = z.enum(['newest', 'version', 'state', 'ring', 'reason', 'changedAt']);
export type RolloutSorting = z.infer<typeof RolloutSorting>;

export const listRollouts = endpoint({
  name: 'listRollouts',
  summary: 'Roll-outs, newest first, with how far each is.',
  method: 'GET',
  path: '/rollouts',
  permission: 'release:read',
  query: CursorPage.extend({
    search: z.string().max(200).optional().meta({ description: 'Part of a subject, version or reason' }),
    ...sortedBy(RolloutSorting.default('newest')),
  }),
  reply: listOf(Rollout),
});

const RolloutParams = z.object({ rolloutId: z.uuid() });

export const getRollout = endpoint({
  name: 'getRollout',
  summary: 'One roll-out.',
  method: 'GET',
  path: '/rollouts/:rolloutId',
  permission: 'release:read',
  params: RolloutParams,
  reply: Rollout,
  errors: ['NOT_FOUND'],
});

export const startRollout = endpoint({
  name: 'startRollout',
  summary: 'Begin to roll out a published version, with its first ring. One that still runs for the same subject is superseded.',
  method: 'POST',
  path: '/rollouts',
  permission: 'release:write',
  body: z.object({
    subject: RolloutSubject.default('agent'),
    version: ReleaseVersion,
    rings: z.array(Ring).min(1).max(8).optional(),
    gate: HealthGate.optional(),
  }),
  reply: Rollout,
  errors: ['CONFLICT', 'NOT_FOUND'],
});

export const changeRollout = endpoint({
  name: 'changeRollout',
  summary: 'Promote to the next ring (after the last: complete), pause, resume or roll back.',
  method: 'POST',
  path: '/rollouts/:rolloutId/changes',
  permission: 'release:write',
  params: RolloutParams,
  body: z.object({ action: z.enum(['promote', 'pause', 'resume', 'roll-back']), reason: z.string().max(500).default('') }),
  reply: Rollout,
  errors: ['CONFLICT', 'NOT_FOUND'],
});

/** How one agent's upgrade goes. */
export const AgentUpgrade = z.object({
  assetId: AssetId,
  hostname: z.string(),
  platform: z.string(),
  version: z.string(),
  runtime: z.string(),
  desired: z.string().nullable(),
  held: z.enum(holdReasons).nullable(),
  state: UpgradeState,
  target: z.string().nullable(),
  since: Instant,
  reason: z.string().nullable(),
  detail: z.string(),
  /** What it judges with, by kind of content, and what it could not take. */
  content: z.record(z.string(), z.string()),
  contentProblems: z.record(z.string(), z.object({ version: z.string(), reason: z.string(), detail: z.string() })),
  bytes: z.object({ received: z.int(), expected: z.int() }).nullable(),
  origins: z.array(z.object({ host: z.string(), bytes: z.int() })),
  pinned: z.string().nullable(),
  tags: z.array(z.string()),
  reportedAt: Instant,
});
export type AgentUpgrade = z.infer<typeof AgentUpgrade>;

/** `failures`: those that went wrong first, then by host name. Versions: the oldest first. */
export const AgentUpgradeSorting = z.enum(['failures', 'hostname', 'version', 'target', 'state', 'reason', 'since']);
export type AgentUpgradeSorting = z.infer<typeof AgentUpgradeSorting>;

export const listAgentUpgrades = endpoint({
  name: 'listAgentUpgrades',
  summary: 'What agents report of their upgrades, failures first.',
  method: 'GET',
  path: '/releases/agents',
  permission: 'release:read',
  query: CursorPage.extend({
    ...sortedBy(AgentUpgradeSorting.default('failures')),
    state: UpgradeState.optional(),
    version: ReleaseVersion.optional(),
    asset: AssetId.optional(),
    rollout: z.uuid().optional().meta({ description: 'Of those that shall have its version' }),
    progress: RolloutProgress.optional().meta({ description: 'How far they are with that of `rollout`' }),
  }),
  reply: listOf(AgentUpgrade),
  errors: ['NOT_FOUND'],
});

/** What happened to releases: how upgrades of agents ended, and what people did to roll-outs. */
export const ReleaseEvent = z.object({
  number: z.int(),
  at: Instant,
  /** `upgrade-committed`, `upgrade-rolled-back`, `upgrade-failed`, `rollout-started`, `rollout-pause`, …; more may come. */
  kind: z.string(),
  assetId: AssetId.nullable(),
  hostname: z.string().nullable(),
  version: z.string().nullable(),
  reason: z.string(),
  detail: z.string(),
});
export type ReleaseEvent = z.infer<typeof ReleaseEvent>;

export const listReleaseEvents = endpoint({
  name: 'listReleaseEvents',
  summary: 'How upgrades ended, each with its reason, and changes of roll-outs; newest first.',
  method: 'GET',
  path: '/releases/events',
  permission: 'release:read',
  query: Page.extend({ asset: AssetId.optional(), version: ReleaseVersion.optional(), kind: z.string().max(64).optional() }),
  reply: pageOf(ReleaseEvent),
});

/** When agents may switch: days of the week (0 is Sunday) and a time of day in UTC; it may reach past midnight. */
export const MaintenanceWindow = z.object({
  days: z.array(z.int().min(0).max(6)).min(1).max(7),
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  minutes: z
    .int()
    .min(15)
    .max(7 * 24 * 60),
});
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

/** What holds for assets with one of the tags; without tags for all. The first rule that says something of a subject counts. */
export const ReleaseRule = z.object({
  tags: z.array(z.string().max(64)).max(32).default([]),
  preventUpgrade: z.boolean().optional(),
  windows: z.array(MaintenanceWindow).max(16).optional(),
  region: RegionName.optional(),
});
export type ReleaseRule = z.infer<typeof ReleaseRule>;
const ReleaseRules = z.object({ rules: z.array(ReleaseRule).max(100) });

export const getReleaseRules = endpoint({
  name: 'getReleaseRules',
  summary: 'Maintenance windows, prevented upgrades and regions by tags.',
  method: 'GET',
  path: '/releases/rules',
  permission: 'release:read',
  reply: ReleaseRules,
});

export const setReleaseRules = endpoint({
  name: 'setReleaseRules',
  summary: 'Replace them.',
  method: 'POST',
  path: '/releases/rules',
  permission: 'release:write',
  body: ReleaseRules,
  reply: ReleaseRules,
});

export const setAssetRelease = endpoint({
  name: 'setAssetRelease',
  summary: 'Pin an asset to a version, unpin it, or set its tags.',
  method: 'POST',
  path: '/assets/:assetId/release',
  permission: 'release:write',
  params: z.object({ assetId: AssetId }),
  body: z.object({
    /** null: no longer pinned. */
    pin: ReleaseVersion.nullable().optional(),
    tags: Ring.shape.tags.unwrap().optional(),
  }),
  reply: z.object({ assetId: AssetId, pin: ReleaseVersion.nullable(), tags: z.array(z.string()) }),
  errors: ['NOT_FOUND'],
});

/** Which hosts to allow, per region: /.well-known/vedette says the same to machines. */
export const PlatformIdentification = z.object({
  product: z.literal('Vedette'),
  platform: z.string(),
  defaultRegion: z.string().nullable(),
  regions: z.array(Region.extend({ platform: z.string(), origins: z.array(OriginUrl) })),
  /** Commands to paste on a machine that shall reach them. */
  checks: z.array(z.object({ region: z.string(), url: z.string(), linux: z.string(), windows: z.string() })),
});
export type PlatformIdentification = z.infer<typeof PlatformIdentification>;

export const getPlatformIdentification = endpoint({
  name: 'getPlatformIdentification',
  summary: 'Addresses of the platform and of the CDN per region, with commands that check them.',
  method: 'GET',
  path: '/platform-identification',
  permission: 'public',
  reply: PlatformIdentification,
});
