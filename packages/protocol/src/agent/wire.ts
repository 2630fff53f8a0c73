import { z } from 'zod';
import { AgentId, AssetId, Instant } from '../ids.ts';
import { limits } from '../limits.ts';
import { SignedManifest } from './manifest.ts';
import { Order } from './orders.ts';
import { text } from '../facts/fact.ts';
import { DesiredRelease, UpgradeReport } from '../release/upgrade.ts';

/**
 * Messages between agent and platform, version 1. Never edited after release: version 2 stands beside it.
 * Unknown fields are ignored on both sides, so that either may be newer.
 */
export const agentPaths = {
  enroll: '/agent/v1/enroll',
  checkIn: '/agent/v1/check-in',
  sync: '/agent/v1/sync',
  /** See orders.ts. */
  orders: '/agent/v1/orders',
} as const;

/** 256-bit digest of a collector's rows as 64 hexadecimal digits; see digest.ts. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/);
export const CollectorName = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);
/** Ed25519 public key, raw 32 bytes (RFC 8032), base64. */
export const PublicKey = z.base64().length(44);

/** Of a boot: hash of the boot id and the start of process 1. No other machine has it, and no later boot. */
const Incarnation = z.string().regex(/^[A-Za-z0-9_-]{22}$/);

/**
 * Which running machine speaks, so that the platform can tell two machines with one key apart. Everything in it stays the same
 * while the machine runs, except the uptime, which only grows.
 */
export const Machine = z.object({
  incarnation: Incarnation,
  /** Hash of what survives a boot and is not copied with a disk; empty where the machine does not tell. */
  hardware: z.union([z.literal(''), z.string().regex(/^[A-Za-z0-9_-]{22}$/)]),
  /** Seconds since this boot by a clock that nobody sets, sleep included. */
  uptimeSeconds: z.number().min(0),
});
export type Machine = z.infer<typeof Machine>;

export const Enroll = z.object({
  /** Or the ticket of a CheckInReply, by which a clone becomes an asset of its own. */
  activationKey: z.string().min(8).max(200),
  publicKey: PublicKey,
  hostname: text,
  agentVersion: text,
  /** SHA-256 of the machine id: tells a clone from a re-enrollment. */
  machineId: text,
  /** Absent from agents before 0.2. */
  machine: Machine.optional(),
});
export type Enroll = z.infer<typeof Enroll>;

export const Enrolled = z.object({
  agentId: AgentId,
  assetId: AssetId,
  /** Key that signs the platform's replies from now on. */
  platformPublicKey: PublicKey,
  schedule: z.object({ checkInSeconds: z.int().min(1), fullScanSeconds: z.int().min(60) }),
});
export type Enrolled = z.infer<typeof Enrolled>;

export const CollectorStatus = z.enum(['complete', 'partial', 'failed', 'unsupported']);
export type CollectorStatus = z.infer<typeof CollectorStatus>;

export const CollectorState = z.object({
  name: CollectorName,
  /** How many documents of this collector were acknowledged; 0 before the first. */
  sequence: z.int().min(0),
  digest: Digest,
  status: CollectorStatus,
  problem: text.optional(),
});

/** What the agent itself has used since it started. */
export const Consumption = z.object({
  cpuSeconds: z.number().min(0),
  rssBytes: z.int().min(0),
  peakRssBytes: z.int().min(0),
  /** Private dirty memory: what cannot be dropped and read again from disk. */
  unevictableBytes: z.int().min(0),
  sentBytes: z.int().min(0),
  uptimeSeconds: z.number().min(0),
});
export type Consumption = z.infer<typeof Consumption>;

/**
 * How changes of the host come to be known: the number of watched files and events for each way. `kernel` are messages of the kernel about
 * what is no file; `polling` means that the agent looks, seconds to minutes late.
 */
export const Watching = z.object({
  fanotify: z.int().min(0),
  inotify: z.int().min(0),
  kernel: z.int().min(0),
  polling: z.int().min(0),
});
export type Watching = z.infer<typeof Watching>;

const SettingKey = z.string().regex(/^[a-zA-Z]{1,64}$/);
const maxReportedSettings = 64;

/** What an agent makes of its configuration profile. */
export const SettingsReport = z.object({
  /** Of the reply whose settings it has taken; absent before there was one. */
  digest: Digest.optional(),
  /** What the host's owner has set in the file of the host, which wins: the values in force. */
  host: z
    .record(SettingKey, z.union([z.number(), z.boolean(), z.array(z.string().max(64)).max(16)]))
    .refine((all) => Object.keys(all).length <= maxReportedSettings),
  /** What the platform asked for and did not get, or not in full, and why. */
  refused: z.record(SettingKey, text).refine((all) => Object.keys(all).length <= maxReportedSettings),
});
export type SettingsReport = z.infer<typeof SettingsReport>;

export const CheckIn = z.object({
  agentVersion: text,
  sentAt: Instant,
  collectors: z.array(CollectorState).max(128),
  consumption: Consumption,
  watching: Watching.optional(),
  /** Absent from agents before 0.2: their clones are not told apart. */
  machine: Machine.optional(),
  /**
   * Absent from agents that cannot upgrade themselves: they fetch by the older endpoint. One that is not understood counts as absent: it
   * must not keep the rest of a check-in from being taken.
   */
  upgrade: UpgradeReport.optional().catch(undefined),
  /** Absent from agents that know no manifest. `version`: in use, 0 for none. `refused`: the last one that was not taken, and why. */
  manifest: z
    .object({ version: z.int().min(0), refused: z.object({ version: z.int().min(0), problem: text }).optional() })
    .optional(),
  /** Absent from agents that do not say: they get their settings with every reply. One that is not understood counts as absent. */
  settings: SettingsReport.optional().catch(undefined),
});
export type CheckIn = z.infer<typeof CheckIn>;

export const CheckInReply = z.object({
  /** Collectors of which the platform wants the whole state again: it has none, or its digest differs. */
  resend: z.array(CollectorName),
  schedule: z.object({ checkInSeconds: z.int().min(1), fullScanSeconds: z.int().min(60) }),
  /** Settings of the agent's configuration profile, by name. The agent clamps every value to what is safe and ignores unknown names. */
  settings: z.record(z.string(), z.unknown()).optional(),
  /** Of these settings, for agents that reported one: with it come all settings that hold from now on, without it those of before hold. */
  settingsDigest: Digest.optional(),
  /** Whether this machine is the asset or a copy of it cannot be told yet: until then the platform takes nothing from it. */
  held: z.boolean().optional(),
  /**
   * Order: this machine is a copy of another one that is alive. It makes a key of its own and enrolls with the ticket, which is
   * valid for an hour and for this machine alone.
   */
  reenroll: z.object({ reason: z.literal('cloned'), ticket: z.string().min(8).max(200) }).optional(),
  /** Also here, for agents whose held request for orders is cut on its way. */
  orders: z.array(Order).max(16).optional(),
  /** To agents that reported their upgrade. */
  release: DesiredRelease.optional(),
  /** The manifest in effect, for an agent that uses another one. */
  manifest: SignedManifest.optional(),
});
export type CheckInReply = z.infer<typeof CheckInReply>;

/**
 * Rows by column: `columns` maps a name to as many values as there are rows. A value is a scalar or a list of texts. A column
 * with one value for all rows may carry it once in `constants`. What is empty is left out on the wire: a delta of one
 * package should cost what the package says, not the names of empty fields.
 */
export const ColumnarRows = z.object({
  count: z.int().min(0).max(limits.rowsPerDocument),
  constants: z.record(z.string(), z.unknown()).default({}),
  columns: z.record(z.string(), z.array(z.unknown())).default({}),
});
export type ColumnarRows = z.infer<typeof ColumnarRows>;

export const SyncDocument = z.object({
  collector: CollectorName,
  version: z.int().min(1),
  kind: z.enum(['snapshot', 'delta']),
  /** Sequence of the state after this document. A delta starts from the acknowledged state `sequence - 1`, a snapshot from nothing. */
  sequence: z.int().min(1),
  /** Digest of all rows after this document. */
  digest: Digest,
  collectedAt: Instant,
  status: CollectorStatus,
  /** New rows and rows whose values changed; everything for a snapshot. */
  rows: ColumnarRows,
  /** Keys of rows that are gone; always empty for a snapshot. */
  removed: ColumnarRows.default({ count: 0, constants: {}, columns: {} }),
});
export type SyncDocument = z.infer<typeof SyncDocument>;
/** As it travels: empty parts left out. */
export type SentSyncDocument = z.input<typeof SyncDocument>;

export const Sync = z.object({
  documents: z.array(SyncDocument).min(1).max(64),
  /** As in Machine. The platform takes rows only from the machine that it knows to be this asset. */
  incarnation: Incarnation.optional(),
});
export type Sync = z.infer<typeof Sync>;

export const SyncReply = z.object({
  results: z.array(
    z.object({
      collector: CollectorName,
      /** `resend`: nothing was taken; send a snapshot. `rejected`: it broke a limit or schema; do not send it again. */
      outcome: z.enum(['accepted', 'duplicate', 'resend', 'rejected']),
      /** Sequence that the platform now has, so that the next snapshot can be numbered above it. */
      sequence: z.int().min(0),
      reason: z.string().optional(),
    }),
  ),
});
export type SyncReply = z.infer<typeof SyncReply>;

export const agentProblemCodes = [
  'MALFORMED',
  'TOO_LARGE',
  'SIGNATURE_INVALID',
  'SIGNATURE_EXPIRED',
  'REPLAYED',
  'UNKNOWN_AGENT',
  /** The platform does not know this machine (yet) to be this agent's asset: check in, then try again. */
  'CHECK_IN_FIRST',
  'ACTIVATION_KEY_REFUSED',
  'BUSY',
  'INTERNAL',
] as const;
export type AgentProblemCode = (typeof agentProblemCodes)[number];
