import { runningKernelElement } from '@vedette/matching';
import { type FactName, type FactRow, facts, kernelFact, osFact } from '@vedette/protocol';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { factText } from '../../../apps/server/src/inventory/fact-text.ts';
import { releaseOf } from '../../../apps/server/src/inventory/release.ts';
import { hashRow, storedKey } from '../../../apps/server/src/inventory/row-change.ts';
import type { AgentState, Fleet } from '../../fleet/fleet.ts';

/** Only what detections depend on; the other collectors come with the assets that use the protocol. */
export const seededCollectors: ReadonlySet<string> = new Set(['os', 'kernel', 'dpkg']);

/** What is seeded of an asset, made up of the fleet's seed alone. */
type AssetPlan = ReturnType<typeof make>;

/** Ten kilobytes each. */
const mostAhead = 5000;

/** What the documents of assets say. Some may be made up before anybody can take them. */
export class AssetPlans {
  readonly fleet: Fleet;
  readonly #made = new Map<AgentState, AssetPlan>();

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  /** Makes plans for these, one after the other, until something else has happened. */
  async makeUntil(agents: readonly AgentState[], event: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = (): void => void (isOver = true);
    event.then(end, end);
    for (const agent of agents.slice(0, mostAhead)) {
      this.#made.set(agent, make(this.fleet, agent));
      await nextTurn();
      if (isOver) return;
    }
  }

  take(agent: AgentState): AssetPlan {
    const made = this.#made.get(agent) ?? make(this.fleet, agent);
    this.#made.delete(agent);
    return made;
  }
}

/** All that an asset's documents say, with the agent's state after sending them. */
function make(fleet: Fleet, agent: AgentState) {
  const { plan } = fleet;
  const asset = plan.asset(agent.index);
  const entries = plan.entries(asset, plan.installed(asset));
  const rows = [...plan.facts(asset)].filter(([collector]) => seededCollectors.has(collector));
  agent.digest = fleet.packagesDigest(entries);
  const byCollector = new Map(rows);
  const os = osFact.row.parse(byCollector.get('os')?.[0]);
  const release = releaseOf(os);
  const running = runningKernelElement(
    (byCollector.get('kernel') ?? []).map((row) => kernelFact.row.parse(row)),
    { ...release, architecture: os.architecture },
  );
  return {
    hostname: asset.hostname,
    publicKey: fleet.publicKey(agent.index).toString('hex'),
    os,
    release,
    entries,
    kernel: running && { ...running, state: 'running' as const, module: '', rowHash: hashRow({ ...running }) },
    digests: new Map([...rows.map(([name, facts]) => [name, fleet.digest(facts)] as const), ['dpkg', agent.digest] as const]),
    counts: new Map([...rows.map(([name, facts]) => [name, facts.length] as const), ['dpkg', entries.length] as const]),
    facts: rows.map(([collector, facts]) => {
      const added = facts.map((row) => keyed(collector, row));
      const after = new Map(added.map((row) => [row.key, row]));
      return { collector, added, after, text: factText(after) ?? '' };
    }),
  };
}

function keyed(collector: string, row: FactRow) {
  const { key } = facts[collector as FactName]; // one of `seededCollectors`
  return { key: storedKey(row, key), row, hash: hashRow(row) };
}
