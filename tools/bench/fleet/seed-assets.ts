import { openDatabase } from '@vedette/server';
import { applyDocuments, InventoryMemory } from '../../../apps/server/src/inventory/apply-documents.ts';
import type { DocumentInput } from '../../../apps/server/src/inventory/document.ts';
import { hashRow, storedKey } from '../../../apps/server/src/inventory/row-change.ts';
import { type FactName, type FactRow, facts, SyncDocument, toColumns } from '@vedette/protocol';
import { sql } from 'kysely';
import { inParts } from '../../../apps/server/src/knowledge/in-parts.ts';
import { eachOf } from '../../fleet/drive.ts';
import type { AgentState, Fleet } from '../../fleet/fleet.ts';
import { derivedBytes } from '../../fleet/random.ts';

type OpenDatabase = ReturnType<typeof openDatabase>;

/** Only what detections depend on; the other collectors come with the assets that use the protocol. */
const seeded = new Set(['os', 'kernel', 'dpkg']);
const perTransaction = 100;
const spreadMs = 30 * 24 * 3600_000;

/**
 * Enters assets by the functions of the platform's store, without HTTP, signatures and schema checks: their first inventories lie in the last
 * thirty days. Afterwards their agents may go on by the protocol.
 */
export async function seedAssets({ db, pool }: OpenDatabase, fleet: Fleet, agents: readonly AgentState[]): Promise<void> {
  const organizationId = (await db.selectFrom('organization').select('id').executeTakeFirstOrThrow()).id;
  const memory = new InventoryMemory(db);
  const startedAt = Date.now() - spreadMs;
  // Two at a time: while PostgreSQL writes one part, the next is made.
  await eachOf(inParts([...agents.entries()], perTransaction), 2, async (entries) => {
    const part = entries.map(([, agent]) => agent);
    for (const agent of part)
      Object.assign(agent, { agentId: uuid(`agent ${agent.index}`), assetId: uuid(`asset ${agent.index}`) });
    const at = new Date(startedAt + ((entries[0]?.[0] ?? 0) / agents.length) * (spreadMs - 3600_000));
    await insertAgents({ pool }, fleet, { organizationId, agents: part, at });
    const inputs = part.flatMap((agent) => inputsOf(fleet, agent, organizationId));
    const { results } = await db.transaction().execute((tx) => applyDocuments(tx, memory, inputs, () => at));
    const refused = results.find(({ outcome }) => outcome !== 'accepted');
    if (refused) throw new Error(`the store did not take a document: ${JSON.stringify(refused)}`);
    for (const agent of part) Object.assign(agent, { sequence: 1, collectors: seeded });
  });
  await sql`analyze asset, agent, collector_state, inventory, inventory_change, package_set, package_version, fact_row`.execute(
    db,
  );
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

function inputsOf(fleet: Fleet, agent: AgentState, organizationId: string): DocumentInput[] {
  const asset = fleet.plan.asset(agent.index);
  const entries = fleet.plan.entries(asset, fleet.plan.installed(asset));
  const rows = new Map(fleet.plan.facts(asset));
  return [...rows.keys(), 'dpkg']
    .filter((collector) => seeded.has(collector))
    .map((collector) => {
      const isPackages = collector === 'dpkg';
      const digest = isPackages ? fleet.packagesDigest(entries) : fleet.digest(rows.get(collector) ?? []);
      if (isPackages) agent.digest = digest;
      const read = isPackages
        ? { rows: entries, removedKeys: [] }
        : { rows: (rows.get(collector) ?? []).map((row) => keyed(collector, row)), removedKeys: [] };
      const head = { collector, version: 1, kind: 'snapshot', sequence: 1, digest, collectedAt: '2026-11-22T12:00:00Z' };
      const document = SyncDocument.parse({ ...head, status: 'complete', rows: toColumns([]) });
      return { ref: { organizationId, assetId: agent.assetId, collector }, document, read, bytes: 1000 };
    });
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
