import { HealthGate, ReleaseRule, Ring, type RolloutSubject } from '@vedette/protocol';
import type { Kysely, Selectable } from 'kysely';
import { z } from 'zod';
import type { Database } from '../db/schema.ts';
import type { OpenRollout, ReleaseWishes } from './decide-release.ts';

export type RolloutRow = Selectable<Database['rollout']>;
const Rings = z.array(Ring);
const Rules = z.array(ReleaseRule);

export function ringsOf(row: Pick<RolloutRow, 'rings'>): Ring[] {
  return Rings.parse(row.rings);
}
export function gateOf(row: Pick<RolloutRow, 'gate'>): HealthGate {
  return HealthGate.parse(row.gate);
}

/** What an organization wants, from its roll-outs and rules. */
export async function readWishes(db: Kysely<Database>, organizationId: string): Promise<ReleaseWishes> {
  const rows = await db
    .selectFrom('rollout')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('state', '!=', 'superseded')
    .orderBy('changedAt')
    .execute();
  const open = new Map<RolloutSubject, OpenRollout>();
  const settled = new Map<RolloutSubject, string>();
  const withdrawn = new Map<RolloutSubject, Map<string, string | null>>();
  for (const row of rows) {
    const { subject, version, previous, state, ring } = row;
    const gone = withdrawn.get(subject) ?? new Map<string, string | null>();
    withdrawn.set(subject, gone);
    // Rolled out again, a version is wanted again.
    gone.delete(version);
    if (state === 'complete') settled.set(subject, version);
    else if (state === 'rolled-back') gone.set(version, previous);
    else open.set(subject, { subject, version, isPaused: state === 'paused', rings: ringsOf(row), ring });
  }
  for (const [subject, gone] of withdrawn) {
    const version = settled.get(subject);
    if (version !== undefined && gone.has(version)) settled.delete(subject);
  }
  return { open, settled, withdrawn, rules: await readRules(db, organizationId) };
}

export async function readRules(db: Kysely<Database>, organizationId: string): Promise<ReleaseRule[]> {
  const row = await db.selectFrom('releaseRules').select('rules').where('organizationId', '=', organizationId).executeTakeFirst();
  return row ? Rules.parse(row.rules) : [];
}

/** Pins and tags of the assets that have some. */
export async function readAssetReleases(
  db: Kysely<Database>,
  organizationId: string,
): Promise<Map<string, { readonly pin: string | null; readonly tags: readonly string[] }>> {
  const rows = await db
    .selectFrom('assetRelease')
    .select(['assetId', 'pin', 'tags'])
    .where('organizationId', '=', organizationId)
    .execute();
  return new Map(rows.map(({ assetId, pin, tags }) => [assetId, { pin, tags }]));
}
