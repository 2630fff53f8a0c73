import { join } from 'node:path';
import { openDatabase } from '@vedette/server';
import type { PlatformProcess } from '@vedette/testkit';

const history = ['inventory_change', 'fact_change'];
/** Facts lie packed in collector_state, against bases that machines share. */
const states = ['collector_state'];
const current = ['asset', 'agent', 'fact_base', 'inventory', 'package_set'];

/** Bytes with indexes and TOAST; partitions are counted with their table. Facts: of the asset that has most of them. */
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
  const { rows } = await pool.query<Record<'facts' | 'states' | 'mostFacts' | 'mostStates', number>>(
    `select sum(facts)::bigint as facts, sum(states)::bigint as states, max(facts)::bigint as "mostFacts", max(states) as "mostStates"
     from (select sum(coalesce(octet_length(facts), 0)) as facts, count(*) as states from collector_state group by asset_id) as one`,
  );
  const counted = rows[0] ?? { facts: 0, states: 0, mostFacts: 0, mostStates: 0 };
  const stateBytes = await bytesOf(states);
  const shared = (await bytesOf(current)) / assets;
  const perState = (stateBytes - Number(counted.facts)) / Math.max(1, Number(counted.states));
  const figures = {
    diskCurrentBytesPerAsset: shared + perState * Number(counted.mostStates) + Number(counted.mostFacts),
    diskCurrentWithoutFactsBytesPerAsset: shared + stateBytes / assets,
    diskFactsBytesPerAsset: Number(counted.mostFacts),
    diskHistoryBytesPerAsset: (await bytesOf(history)) / assets,
    diskVerdictBytes: await bytesOf(['verdict', 'package_version']),
  };
  const size = await pool.query<{ bytes: number }>('select pg_database_size(current_database()) as bytes');
  await close();
  return { ...figures, databaseBytes: Number(size.rows[0]?.bytes ?? 0) };
}
