import { createHash, randomUUID } from 'node:crypto';
import type { Enroll, Enrolled } from '@vedette/protocol';
import type { Kysely, Transaction } from 'kysely';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { AgentProblem } from './agent-problem.ts';
import { schedule } from './schedule.ts';
import { findAgentByKey } from './store.ts';

/**
 * Registers a public key as an agent of a new asset. Asking again with the same key gives the same answer and uses up nothing, so that a
 * lost reply does no harm. The activation key's secret is known here only as a hash.
 */
export async function enroll(context: Context, document: Enroll, publicKey: Buffer): Promise<z.input<typeof Enrolled>> {
  return context.db.transaction().execute(async (tx) => {
    const key = await useActivationKey(tx, document.activationKey, context.clock());
    const known = await findAgentByKey(tx, publicKey);
    if (known && known.organizationId !== key.organizationId) {
      throw new AgentProblem('ACTIVATION_KEY_REFUSED', 'This agent belongs to another organization.');
    }
    const agent = known ?? (await createAgent(tx, { context, document, publicKey, key }));
    return {
      agentId: agent.id,
      assetId: agent.assetId,
      platformPublicKey: context.platformKey.publicKeyBase64,
      schedule,
    } as z.input<typeof Enrolled>; // Brands are checked where ids enter; these come from our own table.
  });
}

interface ActivationKeyRow {
  readonly id: string;
  readonly organizationId: string;
}

/** Locks the key's row, so that two enrollments cannot share its last use. */
async function useActivationKey(tx: Transaction<Database>, secret: string, now: Date): Promise<ActivationKeyRow> {
  const key = await tx
    .selectFrom('activationKey')
    .selectAll()
    .where('secretHash', '=', createHash('sha256').update(secret).digest())
    .forUpdate()
    .executeTakeFirst();
  if (!key) throw new AgentProblem('ACTIVATION_KEY_REFUSED', 'The platform does not know this activation key.');
  if (key.revokedAt) throw new AgentProblem('ACTIVATION_KEY_REFUSED', 'This activation key was revoked; ask for another.');
  if (key.expiresAt && key.expiresAt <= now) throw new AgentProblem('ACTIVATION_KEY_REFUSED', 'This activation key has expired.');
  return key;
}

interface NewAgent {
  readonly context: Context;
  readonly document: Enroll;
  readonly publicKey: Buffer;
  readonly key: ActivationKeyRow;
}

async function createAgent(tx: Kysely<Database>, { context, document, publicKey, key }: NewAgent) {
  const counted = await tx
    .updateTable('activationKey')
    .set((expression) => ({ uses: expression('uses', '+', 1) }))
    .where('id', '=', key.id)
    .where(({ or, eb, ref }) => or([eb('maxUses', 'is', null), eb('uses', '<', ref('maxUses'))]))
    .executeTakeFirst();
  if (counted.numUpdatedRows === 0n) throw new AgentProblem('ACTIVATION_KEY_REFUSED', 'This activation key is used up.');
  const now = context.clock();
  const agent = { organizationId: key.organizationId, assetId: randomUUID(), id: randomUUID() };
  await tx
    .insertInto('asset')
    .values({
      organizationId: agent.organizationId,
      id: agent.assetId,
      hostname: document.hostname,
      machineId: document.machineId,
      firstSeen: now,
      lastSeen: now,
      lastScan: null,
    })
    .execute();
  await tx
    .insertInto('agent')
    .values({ ...agent, publicKey, version: document.agentVersion, activationKeyId: key.id, enrolledAt: now, lastCheckIn: null, consumption: null })
    .execute();
  return agent;
}
