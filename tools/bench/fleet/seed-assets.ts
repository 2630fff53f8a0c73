import { runningKernelElement } from '@vedette/matching';
import { type FactName, type FactRow, facts, kernelFact, osFact, SyncDocument, toColumns } from '@vedette/protocol';
import type { openDatabase } from '@vedette/server';
import { sql } from 'kysely';
import { InventoryMemory } from '../../../apps/server/src/inventory/apply-documents.ts';
import type { AssetRef, Tx } from '../../../apps/server/src/inventory/asset-ref.ts';
import { AssetSummaries } from '../../../apps/server/src/inventory/asset-summaries.ts';
import { saveStates } from '../../../apps/server/src/inventory/collector-states.ts';
import { type FactChange, saveFactChanges } from '../../../apps/server/src/inventory/fact-rows.ts';
import { factText } from '../../../apps/server/src/inventory/fact-text.ts';
import { Inventory, saveInventories } from '../../../apps/server/src/inventory/inventories.ts';
import { packageVersionRow } from '../../../apps/server/src/inventory/package-version-row.ts';
import { type AssetRelease, releaseOf } from '../../../apps/server/src/inventory/release.ts';
import { hashRow, storedKey } from '../../../apps/server/src/inventory/row-change.ts';
import { inParts } from '../../../apps/server/src/knowledge/in-parts.ts';
import type { CatalogueEntry } from '../../fleet/catalogue.ts';
import { eachOf } from '../../fleet/drive.ts';
import type { AgentState, Fleet } from '../../fleet/fleet.ts';
import { derivedBytes } from '../../fleet/random.ts';

type OpenDatabase = ReturnType<typeof openDatabase>;

/** Only what detections depend on; the other collectors come with the assets that use the protocol. */
const seeded = new Set(['os', 'kernel', 'dpkg']);
const perTransaction = 200;
const spreadMs = 30 * 24 * 3600_000;

/**
 * Enters assets by the functions with which the platform's store writes, without HTTP, signatures, schema checks and comparison with what was
 * there: a test shows that the same rows come of it. Their first inventories lie in the last thirty days. Afterwards their agents may go
 * on by the protocol.
 */
export async function seedAssets(
  { db, pool }: Pick<OpenDatabase, 'db' | 'pool'>,
  fleet: Fleet,
  agents: readonly AgentState[],
  signal?: AbortSignal,
): Promise<void> {
  const organizationId = (await db.selectFrom('organization').select('id').executeTakeFirstOrThrow()).id;
  const seeding = new Seeding(new InventoryMemory(db), fleet, organizationId);
  const startedAt = Date.now() - spreadMs;
  // Two at a time: while PostgreSQL writes one part, the next is made.
  await eachOf(inParts([...agents.entries()], perTransaction), 2, async (entries) => {
    signal?.throwIfAborted();
    const part = entries.map(([, agent]) => agent);
    for (const agent of part)
      Object.assign(agent, { agentId: uuid(`agent ${agent.index}`), assetId: uuid(`asset ${agent.index}`) });
    const at = new Date(startedAt + ((entries[0]?.[0] ?? 0) / agents.length) * (spreadMs - 3600_000));
    await insertAgents({ pool }, fleet, { organizationId, agents: part, at });
    await db.transaction().execute((tx) => seeding.enter(tx, part, at));
    for (const agent of part) Object.assign(agent, { sequence: 1, collectors: seeded });
  });
  await sql`analyze asset, agent, collector_state, inventory, inventory_change, package_set, package_version`.execute(db);
}

class Seeding {
  readonly #memory: InventoryMemory;
  readonly #fleet: Fleet;
  readonly #organizationId: string;
  /** Numbers of package versions: an entry of the catalogue belongs to one release. */
  readonly #ids = new Map<CatalogueEntry, number>();
  readonly #template = SyncDocument.parse({
    collector: 'dpkg',
    version: 1,
    kind: 'snapshot',
    sequence: 1,
    digest: '0'.repeat(64),
    collectedAt: '2026-11-22T12:00:00Z',
    status: 'complete',
    rows: toColumns([]),
  });

  constructor(memory: InventoryMemory, fleet: Fleet, organizationId: string) {
    this.#memory = memory;
    this.#fleet = fleet;
    this.#organizationId = organizationId;
  }

  async enter(tx: Tx, agents: readonly AgentState[], at: Date): Promise<void> {
    const plans = agents.map((agent) => this.#planOf(agent));
    await this.#enterPackages(plans);
    const kernels = await this.#memory.versions.enter(plans.flatMap(({ kernel }) => kernel ?? []));
    const summaries = new AssetSummaries();
    const inventories: Inventory[] = [];
    for (const { ref, os, entries, kernel } of plans) {
      const ids = entries.map((entry) => this.#ids.get(entry) ?? 0);
      Object.assign(summaries.of(ref), { os, packages: ids.length });
      const running = kernel ? kernels.ids.splice(0, 1) : [];
      for (const [collector, added] of [
        ['kernel', running],
        ['dpkg', ids],
      ] as const) {
        const inventory = new Inventory({ ...ref, collector }, this.#memory.sets);
        inventory.change({ added, removed: [], rebase: true });
        inventories.push(inventory);
      }
    }
    const states = plans.flatMap(({ ref, digests, counts }) =>
      [...digests].map(([collector, digest]) => ({
        input: {
          ref: { ...ref, collector },
          read: { rows: [], removedKeys: [] },
          bytes: 1000,
          document: { ...this.#template, collector, digest },
        },
        rowCount: counts.get(collector) ?? 0,
        snapshotBytes: 1000,
      })),
    );
    const changes = plans.flatMap((plan) => plan.changes);
    const facts = await saveFactChanges(tx, this.#memory.bases, changes, at);
    await saveInventories(tx, inventories, at);
    await saveStates(tx, states, { facts, at });
    await summaries.save(tx, at);
  }

  async #enterPackages(
    plans: readonly { readonly entries: readonly CatalogueEntry[]; readonly release: AssetRelease }[],
  ): Promise<void> {
    const fresh = new Map(
      plans.flatMap(({ entries, release }) =>
        entries.filter((entry) => !this.#ids.has(entry)).map((entry) => [entry, packageVersionRow(entry, release)] as const),
      ),
    );
    const { ids } = await this.#memory.versions.enter([...fresh.values()]);
    for (const [index, entry] of [...fresh.keys()].entries()) this.#ids.set(entry, ids[index] ?? 0);
  }

  /** All that an asset's documents say, with the agent's state after sending them. */
  #planOf(agent: AgentState) {
    const asset = this.#fleet.plan.asset(agent.index);
    const entries = this.#fleet.plan.entries(asset, this.#fleet.plan.installed(asset));
    const rows = [...this.#fleet.plan.facts(asset)].filter(([collector]) => seeded.has(collector));
    agent.digest = this.#fleet.packagesDigest(entries);
    const ref: AssetRef = { organizationId: this.#organizationId, assetId: agent.assetId };
    const byCollector = new Map(rows);
    const os = osFact.row.parse(byCollector.get('os')?.[0]);
    const release = releaseOf(os);
    const running = runningKernelElement(
      (byCollector.get('kernel') ?? []).map((row) => kernelFact.row.parse(row)),
      { ...release, architecture: os.architecture },
    );
    return {
      ref,
      os,
      release,
      entries,
      kernel: running && { ...running, state: 'running', module: '', rowHash: hashRow({ ...running }) },
      digests: new Map([
        ...rows.map(([name, facts]) => [name, this.#fleet.digest(facts)] as const),
        ['dpkg', agent.digest] as const,
      ]),
      counts: new Map([...rows.map(([name, facts]) => [name, facts.length] as const), ['dpkg', entries.length] as const]),
      changes: rows.map(([collector, facts]): FactChange => {
        const added = facts.map((row) => keyed(collector, row));
        const after = new Map(added.map((row) => [row.key, row]));
        const change = { added, removed: [] };
        return { ref: { ...ref, collector }, sequence: 1, change, rows: after, text: factText(after) ?? '', wereOld: false };
      }),
    };
  }
}

async function insertAgents(
  { pool }: Pick<OpenDatabase, 'pool'>,
  fleet: Fleet,
  { organizationId, agents, at }: { organizationId: string; agents: readonly AgentState[]; at: Date },
): Promise<void> {
  const rows = agents.map((agent) => ({
    id: agent.agentId,
    asset_id: agent.assetId,
    hostname: fleet.plan.asset(agent.index).hostname,
    key: fleet.publicKey(agent.index).toString('hex'),
  }));
  await pool.query(
    `with new as (select * from json_to_recordset($1) as new (id uuid, asset_id uuid, hostname text, key text)),
       entered as (
         insert into asset (organization_id, id, hostname, machine_id, first_seen, last_seen)
         select $2::uuid, asset_id, hostname, 'seeded', $3::timestamptz, $3::timestamptz from new
       )
     insert into agent (organization_id, asset_id, id, public_key, version, activation_key_id, enrolled_at)
     select $2::uuid, asset_id, id, decode(key, 'hex'), 'seeded', $2::uuid, $3::timestamptz from new`,
    [JSON.stringify(rows), organizationId, at],
  );
}

function keyed(collector: string, row: FactRow) {
  const { key } = facts[collector as FactName]; // one of `seeded`
  return { key: storedKey(row, key), row, hash: hashRow(row) };
}

/** A version 4 id (RFC 9562) that only this text makes. */
function uuid(text: string): string {
  const hex = derivedBytes(text).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
