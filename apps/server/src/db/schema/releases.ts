import type { RolloutState, RolloutSubject, UpgradeState } from '@vedette/protocol';
import type { Generated, GeneratedAlways } from 'kysely';
import type { Json } from './columns.ts';

/** Releases of the agent and how they reach the fleet. */
export interface ReleaseTables {
  releaseKey: { role: 'snapshot' | 'timestamp'; privateKey: Buffer };
  rollout: {
    organizationId: string;
    id: string;
    subject: RolloutSubject;
    version: string;
    previous: string | null;
    state: RolloutState;
    rings: Json;
    ring: number;
    ringSince: Date;
    gate: Json;
    reason: Generated<string>;
    startedAt: Date;
    startedBy: string;
    changedAt: Date;
  };
  releaseRules: { organizationId: string; rules: Json; changedAt: Date; changedBy: string };
  assetRelease: { organizationId: string; assetId: string; pin: string | null; tags: Generated<string[]> };
  agentUpgrade: {
    organizationId: string;
    assetId: string;
    platform: string;
    version: string;
    previous: string | null;
    runtime: string;
    state: UpgradeState;
    target: string | null;
    since: Date;
    reason: string | null;
    /** UpgradeReport as it came. */
    report: Json;
    desired: string | null;
    desiredAt: Date | null;
    held: string | null;
    reportedAt: Date;
  };
  releaseEvent: {
    organizationId: string;
    number: GeneratedAlways<number>;
    at: Date;
    kind: string;
    assetId: string | null;
    version: string | null;
    detail: Json;
  };
}
