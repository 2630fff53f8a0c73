import { randomUUID } from 'node:crypto';
import { HealthGate, type Ring, type RolloutState, type RolloutSubject, standardRings } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import type { RolloutRow } from './wishes-store.ts';

export interface NewRollout {
  readonly subject: RolloutSubject;
  readonly version: string;
  readonly rings?: readonly Ring[] | undefined;
  readonly gate?: HealthGate | undefined;
}
interface Who {
  readonly organizationId: string;
  readonly userId: string;
}

/** Opens the first ring; what still runs for the same subject is superseded. Returns the new row's id. */
export async function openRollout(
  db: Kysely<Database>,
  { organizationId, userId }: Who,
  { input, now }: { readonly input: NewRollout; readonly now: Date },
): Promise<string> {
  const { subject, version, rings = standardRings, gate = HealthGate.parse({}) } = input;
  const id = randomUUID();
  await db.transaction().execute(async (tx) => {
    await tx
      .updateTable('rollout')
      .set({ state: 'superseded', changedAt: now, reason: `superseded by ${version}` })
      .where('organizationId', '=', organizationId)
      .where('subject', '=', subject)
      .where('state', 'in', ['running', 'paused'])
      .execute();
    const settled = await tx
      .selectFrom('rollout')
      .select('version')
      .where('organizationId', '=', organizationId)
      .where('subject', '=', subject)
      .where('state', '=', 'complete')
      .orderBy('changedAt', 'desc')
      .limit(1)
      .executeTakeFirst();
    await tx
      .insertInto('rollout')
      .values({
        organizationId,
        id,
        subject,
        version,
        previous: settled?.version ?? null,
        state: 'running',
        rings: JSON.stringify(rings),
        ring: 0,
        ringSince: now,
        gate: JSON.stringify(gate),
        startedAt: now,
        startedBy: userId,
        changedAt: now,
      })
      .execute();
    await noteChange(tx, { organizationId, at: now, kind: 'rollout-started', version, detail: { subject, rolloutId: id } });
  });
  return id;
}

export type RolloutAction = 'promote' | 'pause' | 'resume' | 'roll-back';

/** States that each action may begin in. */
const begins: Record<RolloutAction, readonly RolloutState[]> = {
  promote: ['running'],
  pause: ['running'],
  resume: ['paused'],
  // A release may turn out bad after everybody has it.
  'roll-back': ['running', 'paused', 'complete'],
};

/** Throws ApiError `CONFLICT` for an action that the state does not allow. */
export async function changeRolloutState(
  db: Kysely<Database>,
  row: RolloutRow,
  { action, reason, now }: { readonly action: RolloutAction; readonly reason: string; readonly now: Date },
): Promise<void> {
  if (!begins[action].includes(row.state))
    throw new ApiError('CONFLICT', `The roll-out is ${row.state}: ${action} is not possible.`);
  const last = (row.rings as unknown[]).length - 1;
  const next: Partial<Pick<RolloutRow, 'state' | 'ring' | 'ringSince'>> =
    action === 'pause'
      ? { state: 'paused' }
      : action === 'resume'
        ? { state: 'running', ringSince: now }
        : action === 'roll-back'
          ? { state: 'rolled-back' }
          : row.ring >= last
            ? { state: 'complete' }
            : { ring: row.ring + 1, ringSince: now };
  await db.transaction().execute(async (tx) => {
    const done = await tx
      .updateTable('rollout')
      .set({ ...next, reason, changedAt: now })
      .where('organizationId', '=', row.organizationId)
      .where('id', '=', row.id)
      // Somebody else may have acted since it was read.
      .where('state', '=', row.state)
      .where('ring', '=', row.ring)
      .executeTakeFirst();
    if (done.numUpdatedRows !== 1n) throw new ApiError('CONFLICT', 'The roll-out has just been changed; look again.');
    const detail = { subject: row.subject, rolloutId: row.id, reason, ...next };
    await noteChange(tx, {
      organizationId: row.organizationId,
      at: now,
      kind: `rollout-${action}`,
      version: row.version,
      detail,
    });
  });
}

async function noteChange(
  db: Kysely<Database>,
  event: { organizationId: string; at: Date; kind: string; version: string; detail: object },
): Promise<void> {
  await db
    .insertInto('releaseEvent')
    .values({ ...event, assetId: null, detail: JSON.stringify(event.detail) })
    .execute();
}
