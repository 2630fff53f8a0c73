import { randomUUID } from 'node:crypto';
import { SyncDocument } from '@vedette/protocol';
import { openDatabase } from '@vedette/server';
import { throwAwayDatabase, type ThrowAwayDatabase } from '@vedette/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findFacts } from '../../../apps/server/src/assets/facts.ts';
import { applyDocuments, InventoryMemory } from '../../../apps/server/src/inventory/apply-documents.ts';
import type { CollectorRef } from '../../../apps/server/src/inventory/asset-ref.ts';
import { FactBases } from '../../../apps/server/src/inventory/fact-bases.ts';
import { loadFactHistory } from '../../../apps/server/src/inventory/fact-rows.ts';
import { readRows } from '../../../apps/server/src/inventory/read-rows.ts';
import { FleetConnection } from '../../fleet/connection.ts';
import { Fleet } from '../../fleet/fleet.ts';
import { AssetPlans } from './asset-plans.ts';
import { seedAssets } from './seed-assets.ts';

const assets = 12;
/** All but times, and numbers that depend on the order of entering. */
const questions = {
  versions: `select ecosystem, release, role, name, version, architecture, source, source_version, state, row_hash
    from package_version order by 1, 2, 3, 4, 5, 10`,
  inventories: `select asset_id, collector, array_agg(row_hash order by row_hash) as rows from inventory
    join package_set using (set_hash)
    join package_version on package_version.id = any(package_set.ids || inventory.added) and package_version.id <> all(inventory.removed)
    group by 1, 2 order by 1, 2`,
  history: `select asset_id, collector, change, array_agg(row_hash order by row_hash) as rows, cardinality(removed) as removed
    from inventory_change join package_version on id = any(added) group by asset_id, collector, change, removed order by 1, 2, 3`,
  states: `select asset_id, collector, version, sequence, digest, status, row_count, problem from collector_state order by 1, 2`,
  machines: `select id, hostname, os, architecture, ecosystem, release, packages, pending_restart from asset order by id`,
  unjudged: 'select count(*)::integer as waiting from unjudged',
};

let throwAway: ThrowAwayDatabase[];
let databases: [ReturnType<typeof openDatabase>, ReturnType<typeof openDatabase>];
beforeAll(async () => {
  const [one, two] = [await throwAwayDatabase(), await throwAwayDatabase()];
  throwAway = [one, two];
  databases = [openDatabase(one.connection), openDatabase(two.connection)];
}, 60_000);
afterAll(async () => {
  for (const database of databases) await database.close();
  for (const database of throwAway) await database[Symbol.asyncDispose]();
});

it('enters the rows that the documents of the same agents leave behind', async () => {
  const [bySeeding, byDocuments] = databases;
  using connection = new FleetConnection({ url: new URL('http://127.0.0.1:1'), sockets: 1, verifyEvery: 1 });
  const fleet = new Fleet(7, assets, connection);
  const organizationId = randomUUID();
  for (const { pool } of databases)
    await pool.query('insert into organization (id, name, created_at) values ($1, $2, now())', [organizationId, 'fleet']);

  await seedAssets(bySeeding, new AssetPlans(fleet), fleet.agents);

  for (const { assetId, index } of fleet.agents)
    await byDocuments.pool.query(
      `insert into asset (organization_id, id, hostname, machine_id, first_seen, last_seen) values ($1, $2, $3, 'seeded', now(), now())`,
      [organizationId, assetId, fleet.plan.asset(index).hostname],
    );
  const inputs = fleet.agents.flatMap((agent) =>
    fleet
      .firstDocuments(agent)
      .filter(({ collector }) => agent.collectors?.has(collector))
      .map((sent) => {
        const document = SyncDocument.parse(sent);
        const ref = { organizationId, assetId: agent.assetId, collector: document.collector };
        return { ref, document, read: readRows(document), bytes: 1000 };
      }),
  );
  const memory = new InventoryMemory(byDocuments.db);
  const { results } = await byDocuments.db.transaction().execute((tx) => applyDocuments(tx, memory, inputs, () => new Date()));

  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['accepted']));
  for (const question of Object.values(questions)) {
    const { rows } = await bySeeding.pool.query(question);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows).toEqual((await byDocuments.pool.query(question)).rows);
  }
  for (const { ref } of inputs) {
    const [seeded, sent] = await Promise.all(databases.map(({ db }) => factsOf(db, ref)));
    expect(seeded?.history).toHaveLength(ref.collector === 'dpkg' ? 0 : 1);
    expect(seeded).toEqual(sent);
  }
}, 60_000);

async function factsOf(db: (typeof databases)[number]['db'], ref: CollectorRef) {
  const page = await findFacts(db, { ...ref, limit: 5000, offset: 0 });
  const history = await loadFactHistory(db, new FactBases(db), ref);
  return { page, history: history.map(({ sequence, added, removed }) => ({ sequence, added, removed })) };
}
