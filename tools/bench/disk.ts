import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectors, runCollector } from '@vedette/collectors';
import { linuxHost } from '@vedette/host';
import type { FactRow } from '@vedette/protocol';
import { migrate, openDatabase, startEmbeddedPostgres } from '@vedette/server';
import { syncDocument } from '@vedette/testkit';
import { sql } from 'kysely';
import { applyDocuments, InventoryMemory } from '../../apps/server/src/inventory/apply-documents.ts';
import type { AssetRef } from '../../apps/server/src/inventory/asset-ref.ts';
import { loadFacts } from '../../apps/server/src/inventory/fact-rows.ts';
import { readRows } from '../../apps/server/src/inventory/read-rows.ts';
import { packageCollectors } from '../../apps/server/src/inventory/release.ts';
import { hashedId } from '../fleet/catalogue.ts';
import { Random } from '../fleet/random.ts';

export const name = 'disk';
export const options = { assets: 'machines like this one, default 1,000' };

type Inventory = ReadonlyMap<string, readonly FactRow[]>;
type Open = ReturnType<typeof openDatabase>;

const perTransaction = 20;

/** Stores the real inventory of this machine for many assets that differ as machines of one image do, and looks how large it is. */
export async function run({ assets = 1000 }: Readonly<Record<string, number>>): Promise<object> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'vedette-disk-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const server = stack.use(await startEmbeddedPostgres({ dataDirectory: join(directory, 'postgres'), log: () => undefined }));
  const database = openDatabase(server.connection);
  stack.defer(database.close);
  await migrate(database.db);
  const inventory = await collect();
  const refs = Array.from({ length: assets }, () => ({ organizationId: randomUUID(), assetId: randomUUID() }));
  const organizationId = refs[0]?.organizationId ?? '';
  const all = refs.map(({ assetId }) => ({ organizationId, assetId }));
  const startedAt = performance.now();
  for (let at = 0; at < assets; at += perTransaction)
    await enter(database, inventory, { assets: all.slice(at, at + perTransaction), from: at });
  const storedAfter = (performance.now() - startedAt) / 1000;
  const figures = await sizes(database, assets);
  return {
    assets,
    factRows: [...inventory].reduce(
      (sum, [collector, rows]) => sum + (packageCollectors.includes(collector) ? 0 : rows.length),
      0,
    ),
    packages: inventory.get('dpkg')?.length ?? 0,
    assetsPerSecond: assets / storedAfter,
    ...figures,
    factsAsRowsBytesPerAsset: await asRows(database, all, [...inventory.keys()]),
  };
}

async function collect(): Promise<Inventory> {
  const host = linuxHost();
  const inventory = new Map<string, readonly FactRow[]>();
  for (const collector of collectors) inventory.set(collector.fact.name, (await runCollector(collector, host)).rows);
  return inventory;
}

async function enter(
  { db }: Open,
  inventory: Inventory,
  { assets, from }: { assets: readonly AssetRef[]; from: number },
): Promise<void> {
  const at = new Date();
  const times = { firstSeen: at, lastSeen: at, lastScan: at };
  await db
    .insertInto('asset')
    .values(
      assets.map(({ organizationId, assetId }) => ({
        organizationId,
        id: assetId,
        hostname: 'h',
        machineId: hashedId(assetId),
        ...times,
      })),
    )
    .execute();
  const inputs = assets.flatMap((asset, index) =>
    [...inventory].map(([collector, rows]) => {
      const document = syncDocument({ collector, sequence: 1, rows: varied(collector, rows, from + index) });
      return { ref: { ...asset, collector }, document, read: readRows(document), bytes: 1000 };
    }),
  );
  const memory = memories.get(db) ?? new InventoryMemory(db);
  memories.set(db, memory);
  const { results } = await db.transaction().execute((tx) => applyDocuments(tx, memory, inputs, () => at));
  const refused = results.find(({ outcome }) => outcome !== 'accepted');
  if (refused) throw new Error(`${refused.collector}: ${refused.reason}`);
}

const memories = new WeakMap<object, InventoryMemory>();

/** Another machine of the same image: ids and addresses are its own, it has a user more, and runs most of the same. */
function varied(collector: string, rows: readonly FactRow[], index: number): FactRow[] {
  const random = new Random(1, collector, index);
  const id = (what: string): string => hashedId(`${what} ${index}`);
  const own: Readonly<Record<string, (row: FactRow, at: number) => FactRow>> = {
    os: (row) => ({ ...row, hostname: `host-${index}` }),
    hardware: (row) => ({
      ...row,
      machineId: id('machine'),
      bootedAt: `2026-11-${10 + random.below(12)}T06:${10 + random.below(50)}:00Z`,
    }),
    'network-interface': (row, at) => {
      return { ...row, mac: id(`mac ${at}`).slice(0, 12), addresses: [`10.${random.below(256)}.${random.below(256)}.${at}/24`] };
    },
    'file-system': (row) => ({ ...row, usedPercent: 5 * random.below(20) }),
    'ssh-host-key': (row, at) => ({ ...row, fingerprint: id(`key ${at}`) }),
    certificate: (row, at) => ({ ...row, fingerprint: id(`certificate ${at}`), serial: id(`serial ${at}`).slice(0, 20) }),
  };
  const change = own[collector];
  if (change) return rows.map(change);
  const kept = collector === 'loaded-library' || collector === 'dpkg' ? rows.filter(() => random.next() > 0.03) : [...rows];
  const [first] = rows;
  return collector === 'user' && first
    ? [...kept, { ...first, name: `user-${index}`, uid: 1000 + random.below(9000), home: `/home/u${index}` }]
    : kept;
}

async function sizes(database: Open, assets: number): Promise<object> {
  await sql`vacuum analyze`.execute(database.db);
  const bytes = async (...tables: string[]): Promise<number> => (await bytesOf(database, tables)) / assets;
  const facts = await database.pool.query<{ bytes: number }>(
    'select sum(octet_length(facts))::bigint as bytes from collector_state',
  );
  return {
    beyondHistoryBytesPerAsset: await bytes(
      'asset',
      'collector_state',
      'fact_base',
      'inventory',
      'package_set',
      'package_version',
      'fact_row',
    ),
    collectorStateBytesPerAsset: await bytes('collector_state'),
    factsBytesPerAsset: Number(facts.rows[0]?.bytes) / assets,
    sharedBaseBytesPerAsset: await bytes('fact_base'),
    inventoryBytesPerAsset: await bytes('inventory', 'package_set'),
    factHistoryBytesPerAsset: await bytes('fact_change'),
    inventoryHistoryBytesPerAsset: await bytes('inventory_change'),
  };
}

/** The same facts as a row of the database for each. */
async function asRows(database: Open, assets: readonly AssetRef[], names: readonly string[]): Promise<number> {
  const { bases } = new InventoryMemory(database.db);
  const refs = assets.flatMap((asset) =>
    names.filter((collector) => !packageCollectors.includes(collector)).map((collector) => ({ ...asset, collector })),
  );
  const held = [...(await loadFacts(database.db, bases, refs)).values()];
  for (const [index, { rows }] of held.entries()) {
    const values = [...rows.values()].map(({ key, hash, row }) => {
      const ref = refs[index] ?? { organizationId: '', assetId: '', collector: '' };
      return { ...ref, rowKey: key, rowHash: hash, body: JSON.stringify(row) };
    });
    if (values.length > 0) await database.db.insertInto('factRow').values(values).execute();
  }
  return (await bytesOf(database, ['fact_row'])) / assets.length;
}

/** With indexes and TOAST; partitions are counted with their table. */
async function bytesOf({ pool }: Open, tables: readonly string[]): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    `select sum(pg_total_relation_size(relid))::bigint as bytes
     from unnest($1::text[]) as name,
       lateral (select name::regclass as relid union select relid from pg_partition_tree(name::regclass)) as part`,
    [tables],
  );
  return Number(rows[0]?.bytes ?? 0);
}
