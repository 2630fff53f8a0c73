import { join } from 'node:path';
import { openDatabase } from '@vedette/server';
import type { PlatformProcess } from '@vedette/testkit';

const history = ['inventory_change', 'fact_change'];
const facts = ['fact_row'];
const current = ['asset', 'agent', 'collector_state', 'inventory', 'package_set'];

/** Bytes with indexes and TOAST; partitions are counted with their table. Facts: of the assets that sent all of them. */
export async function diskFigures(platform: PlatformProcess, assets: number): Promise<Record<string, number>> {
  const host = join(platform.dataDirectory, 'postgres/socket');
  const { pool, close } = openDatabase({ host, user: 'vedette', database: 'vedette' });
  const bytesOf = async (names: readonly string[]): Promise<number> => {
    const { rows } = await pool.query<{ bytes: number }>(
      `select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint as bytes
       from unnest($1::text[]) as name,
         lateral (select name::regclass as relid union select relid from pg_partition_tree(name::regclass)) as part`,
      [names],
    );
    return Number(rows[0]?.bytes ?? 0);
  };
  const counted = await pool.query<{ rows: number; most: number }>(
    `select sum(rows)::bigint as rows, max(rows) as most from (select count(*) as rows from fact_row group by asset_id) as one`,
  );
  const { rows: total = 0, most = 0 } = counted.rows[0] ?? {};
  const factBytes = await bytesOf(facts);
  const perFact = factBytes / Math.max(1, Number(total));
  const perAssetWithoutFacts = (await bytesOf(current)) / assets;
  const figures = {
    diskCurrentBytesPerAsset: perAssetWithoutFacts + perFact * Number(most),
    diskCurrentWithoutFactsBytesPerAsset: perAssetWithoutFacts,
    diskFactsBytesPerAsset: perFact * Number(most),
    diskHistoryBytesPerAsset: (await bytesOf(history)) / assets,
    diskVerdictBytes: await bytesOf(['verdict', 'package_version']),
  };
  const size = await pool.query<{ bytes: number }>('select pg_database_size(current_database()) as bytes');
  await close();
  return { ...figures, databaseBytes: Number(size.rows[0]?.bytes ?? 0) };
}
