import { canonicalRow, type FactRow } from '@vedette/protocol';
import { digestOf } from '../../apps/agent/src/testing/reference-platform.ts';
import { findFacts } from '../../apps/server/src/assets/facts.ts';
import { FactBases } from '../../apps/server/src/inventory/fact-bases.ts';
import { loadFactHistory } from '../../apps/server/src/inventory/fact-rows.ts';
import type { SimulatedMachine } from './simulated-machine.ts';
import type { SimulatedPlatform } from './simulated-platform.ts';

export interface Difference {
  /** Rows of a machine that the platform does not have, and machines that are no asset of their own. */
  readonly lost: number;
  /** Rows that no machine has, or never had where the history says it did; and documents taken after later ones. */
  readonly ghost: number;
  /** Rows that are there twice. */
  readonly duplicate: number;
  /** Collectors whose digests differ between machine, agent, and platform. */
  readonly unequal: number;
}

const none: Difference = { lost: 0, ghost: 0, duplicate: 0, unequal: 0 };

/** Holds what the platform stores against what is true on the machines. */
export async function compare(
  platform: SimulatedPlatform,
  machines: readonly SimulatedMachine[],
  { checksHistory }: { checksHistory: boolean },
): Promise<Difference> {
  let sum = none;
  const assets = new Set<string>();
  for (const machine of machines) {
    const assetId = machine.identity?.assetId;
    if (assetId === undefined || assets.has(assetId)) sum = add(sum, { ...none, lost: 1 });
    if (assetId === undefined) continue;
    assets.add(assetId);
    for (const collector of ['user', 'dpkg'] as const)
      sum = add(sum, await compareRows(platform, machine, { assetId, collector }));
    sum = add(sum, { ...none, ghost: await ghostsInHistory(platform, { machine, assetId, checksRows: checksHistory }) });
  }
  return sum;
}

async function compareRows(
  { db, organizationId }: SimulatedPlatform,
  machine: SimulatedMachine,
  { assetId, collector }: { assetId: string; collector: 'user' | 'dpkg' },
): Promise<Difference> {
  const { items } = await findFacts(db, { organizationId, assetId, collector, limit: 500, offset: 0 });
  const stored = items.map((row) => canonicalRow(row as FactRow)); // rows went in as such
  const own = [...machine.facts[collector].values()].map(canonicalRow);
  const isStored = new Set(stored);
  const isOwn = new Set(own);
  const state = await db
    .selectFrom('collectorState')
    .select('digest')
    .where('organizationId', '=', organizationId)
    .where('assetId', '=', assetId)
    .where('collector', '=', collector)
    .executeTakeFirst();
  const digests = new Set([digestOf(machine.facts[collector].values()), machine.digests().get(collector), state?.digest]);
  return {
    lost: own.filter((row) => !isStored.has(row)).length,
    ghost: stored.filter((row) => !isOwn.has(row)).length,
    duplicate: stored.length - isStored.size,
    unequal: digests.size - 1,
  };
}

/**
 * Changes in the asset's history that were made by a document with the number of an earlier one, and rows that were never true on its
 * machine: another machine's.
 */
async function ghostsInHistory(
  { db, organizationId }: SimulatedPlatform,
  { machine, assetId, checksRows }: { machine: SimulatedMachine; assetId: string; checksRows: boolean },
): Promise<number> {
  const changes = await loadFactHistory(db, new FactBases(db), { organizationId, assetId, collector: 'user' });
  const turnedBack = changes.filter(({ sequence }, index) => sequence <= (changes[index - 1]?.sequence ?? 0)).length;
  if (!checksRows) return turnedBack;
  const rows = changes.flatMap(({ added }) => added);
  return turnedBack + rows.filter((row) => !machine.seen.has(canonicalRow(row))).length;
}

function add(one: Difference, other: Difference): Difference {
  return {
    lost: one.lost + other.lost,
    ghost: one.ghost + other.ghost,
    duplicate: one.duplicate + other.duplicate,
    unequal: one.unequal + other.unequal,
  };
}
