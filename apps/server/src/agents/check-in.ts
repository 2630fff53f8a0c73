import { type CheckIn, type CheckInReply, facts } from '@vedette/protocol';
import type { Kysely, Selectable } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { packageCollectors } from '../inventory/release.ts';
import { schedule } from './schedule.ts';
import type { KnownAgent } from './store.ts';

type State = Pick<Selectable<Database['collectorState']>, 'collector' | 'sequence' | 'digest' | 'status' | 'problem'>;
type Reported = CheckIn['collectors'][number];

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
    const states = await tx
      .selectFrom('collectorState')
      .select(['collector', 'sequence', 'digest', 'status', 'problem'])
      .where('organizationId', '=', agent.organizationId)
      .where('assetId', '=', agent.assetId)
      .execute();
    const byName = new Map(states.map((state) => [state.collector, state]));
    const resend = document.collectors.filter((reported) => differs(reported, byName.get(reported.name))).map(({ name }) => name);
    const packages = document.collectors.filter(({ name }) => packageCollectors.includes(name));
    const isScan = packages.length > 0 && packages.every((each) => isConfirmed(each) && !resend.includes(each.name));
    await tx
      .updateTable('asset')
      // Packages that the collector has just seen to be those we know: that is an assessment.
      .set({ lastSeen: now, ...(isScan ? { lastScan: now } : {}) })
      .where('organizationId', '=', agent.organizationId)
      .where('id', '=', agent.assetId)
      .execute();
    for (const reported of document.collectors) await noteStatus(tx, agent, { reported, known: byName.get(reported.name), now });
    return { resend, schedule };
  });
}

/** Sequence 0: the agent has never had an answer for it and will send it by itself. */
function differs({ sequence, digest }: Reported, state: State | undefined): boolean {
  return sequence > 0 && (state?.digest !== digest || state.sequence !== sequence);
}

/** A collector that failed repeats the digest of its last success, which proves nothing of now. */
export function isConfirmed({ sequence, status }: Reported): boolean {
  return sequence > 0 && (status === 'complete' || status === 'partial');
}

/** A collector that fails sends no rows, so only here does the platform learn of it. */
async function noteStatus(
  tx: Kysely<Database>,
  { organizationId, assetId }: KnownAgent,
  { reported, known, now }: { reported: Reported; known: State | undefined; now: Date },
): Promise<void> {
  const { name: collector, status, problem = null } = reported;
  // Names that we do not know are the sender's invention, and could be as many as it likes.
  if (!Object.hasOwn(facts, collector) || (known?.status === status && known.problem === problem)) return;
  const never = { version: 0, sequence: 0, digest: '0'.repeat(64), rowCount: 0, changedAt: now, lastBytes: 0, snapshotBytes: 0 };
  await tx
    .insertInto('collectorState')
    .values({ organizationId, assetId, collector, status, problem, ...never })
    .onConflict((conflict) => conflict.columns(['organizationId', 'assetId', 'collector']).doUpdateSet({ status, problem }))
    .execute();
}
