import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { ActivationKeyId, Instant } from '../ids.ts';
import { WholeList } from './paging.ts';

export const ActivationKey = z.object({
  activationKeyId: ActivationKeyId,
  name: z.string(),
  createdAt: Instant,
  expiresAt: Instant.nullable(),
  maxUses: z.int().nullable(),
  uses: z.int(),
  revokedAt: Instant.nullable(),
});
export type ActivationKey = z.infer<typeof ActivationKey>;

export const listActivationKeys = endpoint({
  name: 'listActivationKeys',
  summary: 'Activation keys, without secrets.',
  method: 'GET',
  path: '/activation-keys',
  permission: 'activation-key:read',
  query: WholeList,
  reply: z.object({ items: z.array(ActivationKey) }),
});

export const createActivationKey = endpoint({
  name: 'createActivationKey',
  summary: 'Create an activation key. The secret is shown once; only its hash is kept.',
  method: 'POST',
  path: '/activation-keys',
  permission: 'activation-key:write',
  body: z.object({
    name: z.string().min(1).max(100),
    maxUses: z.int().min(1).max(1_000_000).nullable().default(null),
    expiresInDays: z.int().min(1).max(3650).nullable().default(null),
  }),
  reply: ActivationKey.extend({ secret: z.string() }),
});

export const revokeActivationKey = endpoint({
  name: 'revokeActivationKey',
  summary: 'Revoke an activation key; agents already enrolled stay.',
  method: 'DELETE',
  path: '/activation-keys/:activationKeyId',
  permission: 'activation-key:write',
  params: z.object({ activationKeyId: ActivationKeyId }),
  reply: z.object({ revoked: z.literal(true) }),
  errors: ['NOT_FOUND'],
});
