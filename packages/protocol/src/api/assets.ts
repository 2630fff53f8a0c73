import { z } from 'zod';
import { AgentStateName } from '../agent/agent-state-name.ts';
import { CollectorState, CollectorStatus, Consumption, Watching } from '../agent/wire.ts';
import { endpoint } from '../endpoint.ts';
import { AgentId, AssetId, Instant } from '../ids.ts';
import { Severity } from '../knowledge/severity.ts';
import { CursorPage, listOf, QueryText, SortDirection } from './paging.ts';
import { RiskScore } from './risk.ts';

export const SeverityCounts = z.object({
  critical: z.int(),
  high: z.int(),
  medium: z.int(),
  low: z.int(),
  informational: z.int(),
});
export type SeverityCounts = z.infer<typeof SeverityCounts>;

export const Asset = z.object({
  assetId: AssetId,
  hostname: z.string(),
  state: AgentStateName.meta({ description: 'By the last check-in: enrolling, active, silent, stale or archived' }),
  /** Since when it is in that state; for an active one its last check-in. */
  stateSince: Instant,
  os: z.string().meta({ description: 'PRETTY_NAME of os-release; empty until the first scan' }),
  release: z.string().meta({ description: 'Code name that advisories use; empty when there are none for it' }),
  architecture: z.string(),
  packages: z.int().meta({ description: 'Installed packages' }),
  /** Installed packages of a release for which no authority is known: never silently clean. */
  unassessed: z.int(),
  detections: SeverityCounts.meta({ description: 'Open ones' }),
  risk: RiskScore.default(0).meta({ description: 'Of what is open on it' }),
  pendingRestart: z.boolean(),
  agentVersion: z.string(),
  firstSeen: Instant,
  lastSeen: Instant,
  lastScan: Instant.nullable(),
});
export type Asset = z.infer<typeof Asset>;

export const AgentState = z.object({
  agentId: AgentId,
  version: z.string(),
  enrolledAt: Instant,
  lastCheckIn: Instant.nullable(),
  revokedAt: Instant.nullable().meta({ description: 'Since when its key is refused' }),
  consumption: Consumption.nullable(),
  watching: Watching.nullable()
    .default(null)
    .meta({ description: 'How it comes to know of changes; null where it has not said' }),
  collectors: z.array(
    CollectorState.extend({
      status: CollectorStatus,
      rows: z.int(),
      changedAt: Instant.nullable(),
      /** Bytes received for the last document, as they travelled. */
      lastBytes: z.int().nullable(),
      snapshotBytes: z.int().nullable(),
    }),
  ),
});
export type AgentState = z.infer<typeof AgentState>;

/**
 * `worst`: those with the worst open detections first. `pendingRestart`: those that wait for one first. `state`: enrolling, active, silent,
 * stale, archived. `agentVersion`: the oldest first, those without an agent before it.
 */
export const AssetSorting = z.enum([
  'worst',
  'risk',
  'hostname',
  'os',
  'release',
  'architecture',
  'packages',
  'pendingRestart',
  'state',
  'agentVersion',
  'firstSeen',
  'lastSeen',
  'lastScan',
]);
export type AssetSorting = z.infer<typeof AssetSorting>;

export const listAssets = endpoint({
  name: 'listAssets',
  summary: 'Assets, those with the worst open detections first.',
  method: 'GET',
  path: '/assets',
  permission: 'asset:read',
  query: CursorPage.extend({
    query: QueryText,
    sort: AssetSorting.default('worst').meta({
      description:
        'worst: those with the worst open detections first; pendingRestart: those that wait for one first; state: enrolling, active, silent, stale, archived; agentVersion: the oldest first',
    }),
    direction: SortDirection.default('ascending').meta({ description: 'Of what is sorted by; descending turns the list round' }),
    asOf: Instant.optional().meta({
      description:
        'The assets that were there at this moment with their packages and detections of then; names and states are those of now',
    }),
    search: z.string().max(200).optional(),
    severity: z.coerce
      .number()
      .pipe(Severity)
      .optional()
      .meta({ description: 'With an open detection of at least this severity' }),
    pendingRestart: z.enum(['true', 'false']).optional().meta({ description: 'true: only those that wait for a restart' }),
    state: AgentStateName.optional(),
    silent: z.enum(['true', 'false']).optional().meta({ description: 'true: only those without a check-in for a day' }),
  }),
  reply: listOf(Asset),
});

export const getAsset = endpoint({
  name: 'getAsset',
  summary: 'One asset with its agent.',
  method: 'GET',
  path: '/assets/:assetId',
  permission: 'asset:read',
  params: z.object({ assetId: AssetId }),
  query: z.object({ asOf: Instant.optional().meta({ description: 'Its packages and detections at this moment of the past' }) }),
  reply: z.object({
    asset: Asset,
    agent: AgentState.nullable(),
    /** The asset whose copied key this machine first spoke with. */
    clonedFrom: AssetId.nullable(),
    /** Assets that were first heard of with this asset's key. */
    clones: z.array(AssetId),
  }),
  errors: ['NOT_FOUND'],
});

export const revokeAgent = endpoint({
  name: 'revokeAgent',
  summary:
    "Refuse the key of the asset's agent from now on, for one that is lost or stolen; a new agent enrolls with a key of its own.",
  method: 'DELETE',
  path: '/assets/:assetId/agent',
  permission: 'agent:revoke',
  params: z.object({ assetId: AssetId }),
  reply: z.object({ revoked: z.literal(true) }),
  errors: ['NOT_FOUND'],
});

export const listFacts = endpoint({
  name: 'listFacts',
  summary: 'Rows of one collector on one asset, sorted by key.',
  method: 'GET',
  path: '/assets/:assetId/facts/:collector',
  permission: 'asset:read',
  params: z.object({ assetId: AssetId, collector: z.string().max(64) }),
  query: CursorPage.extend({
    search: z.string().max(200).optional(),
    asOf: Instant.optional().meta({ description: 'What it had read by this moment of the past' }),
    sort: z.string().max(64).optional().meta({ description: 'A column by which to sort instead' }),
    direction: SortDirection.default('ascending'),
  }),
  reply: listOf(z.record(z.string(), z.unknown())),
  errors: ['NOT_FOUND'],
});
