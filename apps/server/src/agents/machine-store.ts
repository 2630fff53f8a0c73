import { type Kysely, sql } from 'kysely';
import type { Machine } from '@vedette/protocol';
import type { Database } from '../db/schema.ts';
import type { KnownMachine } from './judge-machine.ts';
import type { KnownAgent } from './store.ts';

type AgentRef = Pick<KnownAgent, 'organizationId' | 'assetId' | 'id'>;

/** Boots of one agent that are kept; a machine that comes back from an older one counts as new. */
const kept = 16;

/** Of two machines of one agent that introduce themselves at once, the second finds what was decided of the first. */
export async function lockMachines(tx: Kysely<Database>, { id }: AgentRef): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`machines ${id}`}, 0))`.execute(tx);
}

/** Machines that have spoken with this agent's key. The current one has lived at least until the agent's last check-in. */
export async function findMachines(db: Kysely<Database>, { organizationId, assetId, id }: AgentRef): Promise<KnownMachine[]> {
  const rows = await db
    .selectFrom('assetIdentity')
    .innerJoin('agent', (join) =>
      join
        .onRef('agent.organizationId', '=', 'assetIdentity.organizationId')
        .onRef('agent.assetId', '=', 'assetIdentity.assetId')
        .onRef('agent.id', '=', 'assetIdentity.agentId'),
    )
    .select(['incarnation', 'hardware', 'bootedAt', 'firstHeard', 'aliveAt', 'state', 'lastCheckIn'])
    .where('assetIdentity.organizationId', '=', organizationId)
    .where('assetIdentity.assetId', '=', assetId)
    .where('agentId', '=', id)
    .execute();
  return rows.map(({ incarnation, hardware, state, ...times }) => {
    const heardAt = state === 'current' ? Math.max(times.aliveAt.getTime(), times.lastCheckIn?.getTime() ?? 0) : 0;
    const [bootedAt, firstHeard] = [times.bootedAt.getTime(), times.firstHeard.getTime()];
    return { incarnation, hardware, state, bootedAt, firstHeard, heardAt, aliveAt: Math.max(heardAt, times.aliveAt.getTime()) };
  });
}

export async function saveMachine(tx: Kysely<Database>, agent: AgentRef, machine: KnownMachine): Promise<void> {
  const { organizationId, assetId, id: agentId } = agent;
  const { incarnation, hardware, state } = machine;
  const [bootedAt, firstHeard, aliveAt] = [machine.bootedAt, machine.firstHeard, machine.aliveAt].map((at) => new Date(at));
  if (!bootedAt || !firstHeard || !aliveAt) return;
  await tx
    .insertInto('assetIdentity')
    .values({ organizationId, assetId, agentId, incarnation, hardware, state, bootedAt, firstHeard, aliveAt, became: null })
    .onConflict((conflict) =>
      conflict.columns(['organizationId', 'assetId', 'agentId', 'incarnation']).doUpdateSet({ state, aliveAt, bootedAt }),
    )
    .execute();
  await sql`
    delete from asset_identity
    where organization_id = ${organizationId} and asset_id = ${assetId} and agent_id = ${agentId} and state = 'superseded'
      and incarnation not in (
        select incarnation from asset_identity
        where organization_id = ${organizationId} and asset_id = ${assetId} and agent_id = ${agentId}
        order by alive_at desc limit ${kept}
      )`.execute(tx);
}

/** The machine that an agent enrolls from. */
export async function saveFirstMachine(tx: Kysely<Database>, agent: AgentRef, machine: Machine, now: Date): Promise<void> {
  const at = now.getTime();
  const { incarnation, hardware, uptimeSeconds } = machine;
  const times = { bootedAt: at - uptimeSeconds * 1000, firstHeard: at, aliveAt: at, heardAt: at };
  await saveMachine(tx, agent, { incarnation, hardware, ...times, state: 'current' });
}
