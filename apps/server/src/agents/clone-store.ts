import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { AgentProblem } from './agent-problem.ts';
import type { CloneTicket } from './clone-ticket.ts';
import { slackMs } from './judge-machine.ts';

interface CloneOrigin {
  readonly organizationId: string;
  readonly activationKeyId: string;
  /** What this machine became when it was told before, and was then set back to an earlier moment; null for a new clone. */
  readonly assetId: string | null;
}

/** An agent that lives is heard of more often than that, also where one check-in is lost and the next is written down with a delay. */
const aliveMs = 300_000;

/**
 * Whose clone the holder of a ticket is; null when the ticket's machine is no clone (any more). A clone that has become an asset before
 * and was then set back to an earlier moment, keys and all, is known by its hardware and by the silence of that asset's agent.
 * Throws AgentProblem BUSY as long as that silence is too short.
 */
export async function findCloneOrigin(tx: Kysely<Database>, ticket: CloneTicket, now: Date): Promise<CloneOrigin | null> {
  const clone = await tx
    .selectFrom('assetIdentity')
    .innerJoin('agent', (join) =>
      join
        .onRef('agent.organizationId', '=', 'assetIdentity.organizationId')
        .onRef('agent.assetId', '=', 'assetIdentity.assetId')
        .onRef('agent.id', '=', 'assetIdentity.agentId'),
    )
    .select(['assetIdentity.organizationId', 'assetIdentity.assetId', 'activationKeyId', 'hardware', 'bootedAt'])
    .where('agent.id', '=', ticket.agentId)
    .where('incarnation', '=', ticket.incarnation)
    .where('state', '=', 'clone')
    // A ticket was given to who spoke with this key.
    .where('agent.revokedAt', 'is', null)
    .executeTakeFirst();
  if (!clone) return null;
  const { organizationId, activationKeyId, hardware } = clone;
  if (hardware === '') return { organizationId, activationKeyId, assetId: null };
  const others = await tx
    .selectFrom('assetIdentity')
    .select('became')
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', clone.assetId)
    .where('agentId', '=', ticket.agentId)
    .where('hardware', '=', hardware)
    .execute();
  // By itself: they may lie in other shards than the one they are clones of.
  const earlier = await tx
    .selectFrom('agent')
    .select(['assetId', sql<Date>`max(coalesce(last_check_in, enrolled_at))`.as('heardAt')])
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', sql<string>`any(${others.flatMap(({ became }) => became ?? [])}::uuid[])`)
    .groupBy('assetId')
    .execute();
  // Whoever was heard of after this machine was booted is another one that lives.
  const silent = earlier.find(({ heardAt }) => heardAt.getTime() < clone.bootedAt.getTime() + slackMs);
  if (silent && now.getTime() - silent.heardAt.getTime() < aliveMs)
    throw new AgentProblem('BUSY', 'An earlier clone on this hardware was just heard of; try again in two minutes.');
  return { organizationId, activationKeyId, assetId: silent?.assetId ?? null };
}

export async function linkClone(tx: Kysely<Database>, { agentId, incarnation }: CloneTicket, assetId: string): Promise<void> {
  await tx
    .updateTable('assetIdentity')
    .set({ became: assetId })
    .where('agentId', '=', agentId)
    .where('incarnation', '=', incarnation)
    .where('state', '=', 'clone')
    .execute();
}
