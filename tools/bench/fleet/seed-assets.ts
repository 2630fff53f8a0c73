import { SyncDocument, toColumns } from '@vedette/protocol';
import type { openDatabase } from '@vedette/server';
import { sql } from 'kysely';
import { InventoryMemory } from '../../../apps/server/src/inventory/apply-documents.ts';
import type { AssetRef, Tx } from '../../../apps/server/src/inventory/asset-ref.ts';
import { AssetSummaries } from '../../../apps/server/src/inventory/asset-summaries.ts';
import { saveStates } from '../../../apps/server/src/inventory/collector-states.ts';
import { type FactChange, saveFactChanges } from '../../../apps/server/src/inventory/fact-rows.ts';
import { Inventory, saveInventories } from '../../../apps/server/src/inventory/inventories.ts';
import { packageVersionRow } from '../../../apps/server/src/inventory/package-version-row.ts';
import type { AssetRelease } from '../../../apps/server/src/inventory/release.ts';
import { inParts } from '../../../apps/server/src/knowledge/in-parts.ts';
import type { CatalogueEntry } from '../../fleet/catalogue.ts';
import { eachOf } from '../../fleet/drive.ts';
import type { AgentState } from '../../fleet/fleet.ts';
import { derivedBytes } from '../../fleet/random.ts';
import { type AssetPlans, seededCollectors } from './asset-plans.ts';

type OpenDatabase = ReturnType<typeof openDatabase>;

const perTransaction = 200;
const spreadMs = 30 * 24 * 3600_000;

/**
 * Enters assets by the functions with which the platform's store writes, without HTTP, signatures, schema checks and comparison with what was
 * there: a test shows that the same rows come of it. Their first inventories lie in the last thirty days. Afterwards their agents may go
 * on by the protocol.
 */
export async function seedAssets(
  { db, pool }: Pick<OpenDatabase, 'db' | 'pool'>,
  plans: AssetPlans,
  agents: readonly AgentState[],
  signal?: AbortSignal,
): Promise<void> {
  const organizationId = (await db.selectFrom('organization').select('id').executeTakeFirstOrThrow()).id;
  const seeding = new Seeding(new InventoryMemory(db), plans, organizationId);
  const startedAt = Date.now() - spreadMs;
  // Two at a time: while PostgreSQL writes one part, the next is made.
  await eachOf(inParts([...agents.entries()], perTransaction), 2, async (entries) => {
    signal?.throwIfAborted();
    const part = entries.map(([, agent]) => agent);
    for (const agent of part)
      Object.assign(agent, { agentId: uuid(`agent ${agent.index}`), assetId: uuid(`asset ${agent.index}`) });
    const at = new Date(startedAt + ((entries[0]?.[0] ?? 0) / agents.length) * (spreadMs - 3600_000));
    const taken = part.map((agent) => seeding.planOf(agent));
    await insertAgents({ pool }, taken, { organizationId, at });
    await db.transaction().execute((tx) => seeding.enter(tx, taken, at));
    for (const agent of part) Object.assign(agent, { sequence: 1, collectors: seededCollectors });
  });
  await sql`analyze asset, agent, collector_state, inventory, inventory_change, package_set, package_version`.execute(db);
}

type SeededAsset = ReturnType<Seeding['planOf']>;

class Seeding {
  readonly #memory: InventoryMemory;
  readonly #plans: AssetPlans;
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

  constructor(memory: InventoryMemory, plans: AssetPlans, organizationId: string) {
    this.#memory = memory;
    this.#plans = plans;
    this.#organizationId = organizationId;
  }

  async enter(tx: Tx, plans: readonly SeededAsset[], at: Date): Promise<void> {
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

  planOf(agent: AgentState) {
    const ref: AssetRef = { organizationId: this.#organizationId, assetId: agent.assetId };
    const plan = this.#plans.take(agent);
    const changes = plan.facts.map(({ collector, added, after, text }): FactChange => {
      const change = { added, removed: [] };
      return { ref: { ...ref, collector }, sequence: 1, change, rows: after, text, wereOld: false };
    });
    return { ...plan, ref, agent, changes };
  }
}

async function insertAgents(
  { pool }: Pick<OpenDatabase, 'pool'>,
  assets: readonly SeededAsset[],
  { organizationId, at }: { organizationId: string; at: Date },
): Promise<void> {
  const rows = assets.map(({ agent: { agentId, assetId }, hostname, publicKey }) => {
    return { id: agentId, asset_id: assetId, hostname, key: publicKey };
  });
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

/** A version 4 id (RFC 9562) that only this text makes. */
function uuid(text: string): string {
  const hex = derivedBytes(text).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
