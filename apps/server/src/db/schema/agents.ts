import type { OrderState } from '@vedette/protocol';
import type { Generated } from 'kysely';
import type { Json, NullableDate, NullableJson } from './columns.ts';

/** Agents, how they come in, and what they are told. */
export interface AgentTables {
  agent: {
    organizationId: string;
    assetId: string;
    id: string;
    publicKey: Buffer;
    version: string;
    activationKeyId: string;
    enrolledAt: Date;
    lastCheckIn: Date | null;
    consumption: Json | null;
    watching: NullableJson;
    settings: NullableJson;
    revokedAt: NullableDate;
  };
  assetIdentity: {
    organizationId: string;
    assetId: string;
    agentId: string;
    incarnation: string;
    hardware: string;
    bootedAt: Date;
    firstHeard: Date;
    aliveAt: Date;
    state: 'current' | 'superseded' | 'clone';
    became: string | null;
  };
  activationKey: {
    id: string;
    organizationId: string;
    name: string;
    secretHash: Buffer;
    createdAt: Date;
    expiresAt: Date | null;
    maxUses: number | null;
    uses: Generated<number>;
    revokedAt: Date | null;
  };
  agentOrder: {
    organizationId: string;
    assetId: string;
    id: string;
    kind: string;
    state: OrderState;
    requestedBy: string;
    requestedAt: Date;
    expiresAt: Date;
    deliveredAt: Date | null;
    startedAt: Date | null;
    finishedAt: Date | null;
    detail: Generated<string>;
  };
  configurationProfile: {
    organizationId: string;
    id: string;
    name: string;
    description: string;
    priority: number;
    query: string | null;
    settings: Json;
    upgrades: Json;
    changedAt: Date;
    changedBy: string;
  };
  platformKey: { id: number; privateKey: Buffer };
}
