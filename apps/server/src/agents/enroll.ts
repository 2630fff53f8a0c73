import { randomUUID } from 'node:crypto';
import type { Enroll, Enrolled } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { z } from 'zod';
import { useActivationKey } from '../activation-keys/store.ts';
import { hashSecret } from '../auth/secret.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { AgentProblem } from './agent-problem.ts';
import { type CloneTicket, readCloneTicket } from './clone-ticket.ts';
import { findCloneOrigin, linkClone } from './clone-store.ts';
import { saveFirstMachine } from './machine-store.ts';
import { schedule } from './schedule.ts';
import { findAgentByKey } from './store.ts';

interface Origin {
  readonly organizationId: string;
  readonly activationKeyId: string;
  /** That of a machine which has enrolled before; null for a new one. */
  readonly assetId: string | null;
  readonly clone: CloneTicket | null;
}

/**
 * Registers a public key as the agent of a new asset. Asking again with the same key gives the same answer and uses up nothing, so
 * that a lost reply does no harm. Throws AgentProblem ACTIVATION_KEY_REFUSED.
 */
export async function enroll(context: Context, document: Enroll, publicKey: Buffer): Promise<z.input<typeof Enrolled>> {
  const { agentId, assetId } = await context.db.transaction().execute(async (tx) => {
    // Of two requests with one key that come at once the second finds what the first made.
    await sql`select pg_advisory_xact_lock(hashtextextended(${publicKey.toString('hex')}, 0))`.execute(tx);
    const known = await findAgentByKey(tx, publicKey);
    if (known?.revokedAt)
      throw new AgentProblem('ACTIVATION_KEY_REFUSED', 'The key of this agent was revoked; it needs a new one.');
    if (known) return { agentId: known.id, assetId: known.assetId };
    const now = context.clock();
    const origin = await originOf(tx, context, document, now);
    const ids = { agentId: randomUUID(), assetId: origin.assetId ?? randomUUID() };
    const { organizationId, activationKeyId } = origin;
    const { hostname, machineId, agentVersion: version } = document;
    if (origin.assetId === null) {
      await tx
        .insertInto('asset')
        .values({ organizationId, id: ids.assetId, hostname, machineId, firstSeen: now, lastSeen: now, lastScan: null })
        .execute();
    }
    const agent = { organizationId, assetId: ids.assetId, id: ids.agentId, publicKey, version, activationKeyId };
    await tx
      .insertInto('agent')
      .values({ ...agent, enrolledAt: now, lastCheckIn: null, consumption: null })
      .execute();
    if (origin.clone) await linkClone(tx, origin.clone, ids.assetId);
    if (document.machine) await saveFirstMachine(tx, agent, document.machine, now);
    return ids;
  });
  return { agentId, assetId, platformPublicKey: context.platformKey.publicKeyBase64, schedule };
}

/** By what right somebody enrolls: an activation key, or the ticket that we gave a clone. Throws AgentProblem ACTIVATION_KEY_REFUSED. */
async function originOf(tx: Kysely<Database>, context: Context, document: Enroll, now: Date): Promise<Origin> {
  const ticket = readCloneTicket(context.platformKey, document.activationKey, Math.floor(now.getTime() / 1000));
  const agent = ticket && (await findCloneOrigin(tx, ticket, now));
  if (agent) return { ...agent, clone: ticket };
  const key = await useActivationKey(tx, hashSecret(document.activationKey), now);
  if (key) return { organizationId: key.organizationId, activationKeyId: key.id, assetId: null, clone: null };
  throw new AgentProblem(
    'ACTIVATION_KEY_REFUSED',
    'The activation key is unknown, revoked, expired or used up; create another one in the console under Agents.',
  );
}
