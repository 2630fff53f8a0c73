import { randomUUID } from 'node:crypto';
import type { Enroll, Enrolled } from '@vedette/protocol';
import { sql } from 'kysely';
import type { z } from 'zod';
import { useActivationKey } from '../activation-keys/store.ts';
import { hashSecret } from '../auth/secret.ts';
import type { Context } from '../context.ts';
import { AgentProblem } from './agent-problem.ts';
import { schedule } from './schedule.ts';
import { findAgentByKey } from './store.ts';

/**
 * Registers a public key as the agent of a new asset. Asking again with the same key gives the same answer and uses up nothing, so
 * that a lost reply does no harm. Throws AgentProblem ACTIVATION_KEY_REFUSED.
 */
export async function enroll(context: Context, document: Enroll, publicKey: Buffer): Promise<z.input<typeof Enrolled>> {
  const { agentId, assetId } = await context.db.transaction().execute(async (tx) => {
    // Of two requests with one key that come at once the second finds what the first made.
    await sql`select pg_advisory_xact_lock(hashtextextended(${publicKey.toString('hex')}, 0))`.execute(tx);
    const known = await findAgentByKey(tx, publicKey);
    if (known) return { agentId: known.id, assetId: known.assetId };
    const now = context.clock();
    const key = await useActivationKey(tx, hashSecret(document.activationKey), now);
    if (!key) {
      throw new AgentProblem(
        'ACTIVATION_KEY_REFUSED',
        'The activation key is unknown, revoked, expired or used up; create another one in the console under Agents.',
      );
    }
    const ids = { agentId: randomUUID(), assetId: randomUUID() };
    const { organizationId } = key;
    const { hostname, machineId, agentVersion: version } = document;
    await tx
      .insertInto('asset')
      .values({ organizationId, id: ids.assetId, hostname, machineId, firstSeen: now, lastSeen: now, lastScan: null })
      .execute();
    const agent = { organizationId, assetId: ids.assetId, id: ids.agentId, publicKey, version, activationKeyId: key.id };
    await tx
      .insertInto('agent')
      .values({ ...agent, enrolledAt: now, lastCheckIn: null, consumption: null })
      .execute();
    return ids;
  });
  return { agentId, assetId, platformPublicKey: context.platformKey.publicKeyBase64, schedule };
}
