import { z } from 'zod';

/** Branded identifiers: one kind of id cannot be handed where another is meant. */
export const OrganizationId = z.uuid().brand<'OrganizationId'>();
export type OrganizationId = z.infer<typeof OrganizationId>;

export const AssetId = z.uuid().brand<'AssetId'>();
export type AssetId = z.infer<typeof AssetId>;

export const AgentId = z.uuid().brand<'AgentId'>();
export type AgentId = z.infer<typeof AgentId>;

export const UserId = z.uuid().brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;

export const RoleId = z.uuid().brand<'RoleId'>();
export type RoleId = z.infer<typeof RoleId>;

export const SessionId = z.uuid().brand<'SessionId'>();
export type SessionId = z.infer<typeof SessionId>;

export const SecondFactorId = z.uuid().brand<'SecondFactorId'>();
export type SecondFactorId = z.infer<typeof SecondFactorId>;

export const ActivationKeyId = z.uuid().brand<'ActivationKeyId'>();
export type ActivationKeyId = z.infer<typeof ActivationKeyId>;

export const ApiTokenId = z.uuid().brand<'ApiTokenId'>();
export type ApiTokenId = z.infer<typeof ApiTokenId>;

export const OrderId = z.uuid().brand<'OrderId'>();
export type OrderId = z.infer<typeof OrderId>;

export const ProfileId = z.uuid().brand<'ProfileId'>();
export type ProfileId = z.infer<typeof ProfileId>;

/** Stable number of a check; see knowledge/check-number.ts for how it comes about. */
export const CheckNumber = z.int().min(1).max(2_147_483_647);
export type CheckNumber = z.infer<typeof CheckNumber>;

/** An instant as RFC 3339 text in UTC. */
export const Instant = z.iso.datetime({ offset: false });
