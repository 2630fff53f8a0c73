import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { type AssetRef, type CollectorRef, lockAssets, refColumns, refKey, type Tx } from './asset-ref.ts';
import { FactBases, type Packed } from './fact-bases.ts';
import { deleteOldFacts, loadFacts } from './fact-rows.ts';
import { factText } from './fact-text.ts';

const assetsAtOnce = 20;
/** Between two parts, so that agents come first. */
const restMs = 20;
const retryMs = 60_000;

/**
 * Packs the facts that a release before the packing left as rows, a few assets at a time while the platform works. Whoever is stopped half
 * way, or runs beside another one, leaves the rest: what is there to be done stands in the database.
 */
export class FactPacker implements AsyncDisposable {
  readonly #context: Pick<Context, 'db' | 'log'>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(context: Pick<Context, 'db' | 'log'>) {
    this.#context = context;
  }

  start(): void {
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { db, log } = this.#context;
    const { signal } = this.#stop;
    const bases = new FactBases(db);
    let packed = 0;
    let last: AssetRef | null = null;
    while (!signal.aborted) {
      try {
        const assets = await packOldFacts(db, bases, last ?? undefined);
        packed += assets.length;
        // Once more from the first one, for what could not be done the first time.
        if (assets.length === 0 && last === null) break;
        last = assets.at(-1) ?? null;
        await delay(restMs, undefined, { signal, ref: false }).catch(() => undefined);
      } catch (error) {
        log.warn({ err: error }, 'facts of an older release could not be packed yet');
        await delay(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    if (packed > 0) log.info({ assets: packed }, 'facts of an older release were packed');
  }
}

const lowest = '00000000-0000-0000-0000-000000000000';

/** Packs the facts of the next assets behind this one; returns them, in order. */
export async function packOldFacts(
  db: Kysely<Database>,
  bases: FactBases,
  { organizationId, assetId }: AssetRef = { organizationId: lowest, assetId: lowest },
): Promise<AssetRef[]> {
  const { rows: assets } = await sql<AssetRef>`
    select organization_id, asset_id from fact_row
    where (organization_id, asset_id) > (${organizationId}::uuid, ${assetId}::uuid)
    group by organization_id, asset_id order by organization_id, asset_id limit ${assetsAtOnce}`.execute(db);
  if (assets.length > 0) await db.transaction().execute((tx) => packAssets(tx, bases, assets));
  return assets;
}

async function packAssets(tx: Tx, bases: FactBases, assets: readonly AssetRef[]): Promise<void> {
  await lockAssets(tx, assets);
  const { rows: refs } = await sql<CollectorRef>`
    select distinct organization_id, asset_id, collector from fact_row
    join unnest(
      ${assets.map((asset) => asset.organizationId)}::uuid[], ${assets.map((asset) => asset.assetId)}::uuid[]
    ) as wanted (organization_id, asset_id) using (organization_id, asset_id)`.execute(tx);
  const held = await loadFacts(tx, bases, refs);
  const packed = new Map<string, Packed>();
  for (const ref of refs) {
    const { rows, areOld } = held.get(refKey(ref)) ?? { rows: new Map(), areOld: false };
    // Whatever was taken is kept, however large.
    if (areOld) packed.set(refKey(ref), await bases.pack(ref.collector, rows, factText(rows, Infinity) ?? ''));
  }
  await savePacked(tx, refs, packed);
  await deleteOldFacts(tx, refs);
}

async function savePacked(tx: Tx, all: readonly CollectorRef[], packed: ReadonlyMap<string, Packed>): Promise<void> {
  const refs = all.filter((ref) => packed.has(refKey(ref)));
  const [organizations, assets, collectors] = refColumns(refs);
  const each = refs.map((ref) => packed.get(refKey(ref)));
  await sql`
    update collector_state as state set fact_base = new.base, facts = new.bytes
    from unnest(
      ${organizations}::uuid[], ${assets}::uuid[], ${collectors}::text[],
      ${each.map((one) => one?.base ?? null)}::integer[], ${each.map((one) => one?.bytes ?? null)}::bytea[]
    ) as new (organization_id, asset_id, collector, base, bytes)
    where state.organization_id = new.organization_id and state.asset_id = new.asset_id and state.collector = new.collector`.execute(
    tx,
  );
}
