import { randomUUID } from 'node:crypto';
import { createActivationKey, listActivationKeys, revokeActivationKey } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { daysAfter } from '../auth/expiry.ts';
import { newSecret } from '../auth/secret.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { insertActivationKey, listActivationKeysOf, revokeActivationKeyOf } from './store.ts';

export function registerActivationKeys(app: FastifyInstance, context: Context): void {
  serve(app, context, listActivationKeys, async ({ caller }) => ({
    items: (await listActivationKeysOf(context.db, caller.organizationId)).map(toActivationKey),
  }));

  serve(app, context, createActivationKey, async ({ caller, body }) => {
    const { secret, hash } = newSecret('vdk');
    const createdAt = context.clock();
    const row = await insertActivationKey(context.db, {
      id: randomUUID(),
      organizationId: caller.organizationId,
      name: body.name,
      secretHash: hash,
      createdAt,
      expiresAt: daysAfter(createdAt, body.expiresInDays),
      maxUses: body.maxUses,
    });
    return { ...toActivationKey(row), secret };
  });

  serve(app, context, revokeActivationKey, async ({ caller, params }) => {
    const found = await revokeActivationKeyOf(context.db, caller.organizationId, params.activationKeyId, context.clock());
    if (!found) throw new ApiError('NOT_FOUND', 'There is no such activation key');
    return { revoked: true as const };
  });
}

function toActivationKey(row: Awaited<ReturnType<typeof listActivationKeysOf>>[number]) {
  const { id, createdAt, expiresAt, revokedAt, ...rest } = row;
  return {
    activationKeyId: id,
    ...rest,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
