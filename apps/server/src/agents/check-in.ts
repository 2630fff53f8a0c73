import type { CheckIn, CheckInReply } from '@vedette/protocol';
import type { Context } from '../context.ts';
import { schedule } from './schedule.ts';
import type { KnownAgent } from './store.ts';

/**
 * Notes that the agent lives and compares its digests with ours: equal digests prove equal rows. Where they differ, or we have nothing, the
 * agent is asked for that collector's whole state.
 */
export async function checkIn(context: Context, agent: KnownAgent, document: CheckIn): Promise<CheckInReply> {
  const now = context.clock();
  return context.db.transaction().execute(async (tx) => {
    await tx
      .updateTable('agent')
      .set({ lastCheckIn: now, version: document.agentVersion, consumption: JSON.stringify(document.consumption) })
      .where('organizationId', '=', agent.organizationId)
      .where('assetId', '=', agent.assetId)
      .where('id', '=', agent.id)
      .execute();
    await tx
      .updateTable('asset')
      .set({ lastSeen: now })
      .where('organizationId', '=', agent.organizationId)
      .where('id', '=', agent.assetId)
      .execute();
    const states = await tx
      .selectFrom('collectorState')
      .select(['collector', 'sequence', 'digest'])
      .where('organizationId', '=', agent.organizationId)
      .where('assetId', '=', agent.assetId)
      .execute();
    const byName = new Map(states.map((state) => [state.collector, state]));
    const resend = document.collectors
      .filter((reported) => {
        const state = byName.get(reported.name);
        // Sequence 0: the agent has never had an answer for it and will send it by itself.
        return reported.sequence > 0 && (state?.digest !== reported.digest || state.sequence !== reported.sequence);
      })
      .map((reported) => reported.name);
    const packages = document.collectors.find(({ name }) => name === 'dpkg');
    if (packages && packages.sequence > 0 && !resend.includes(packages.name)) {
      // The agent has just confirmed that the packages we know are those that are there: that is an assessment.
      await tx
        .updateTable('asset')
        .set({ lastScan: now })
        .where('organizationId', '=', agent.organizationId)
        .where('id', '=', agent.assetId)
        .execute();
    }
    return { resend, schedule };
  });
}
