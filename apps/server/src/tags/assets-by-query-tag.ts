import type { Context } from '../context.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { prepareScope } from './prepare-tag.ts';
import { loadTags } from './store.ts';

/**
 * Ids of the assets that fit the queries of those of these tags that have one, by the tag's name. Throws ApiError UNAVAILABLE while the
 * fleet index is being built.
 */
export async function assetsByQueryTag(
  { db, fleetIndex, clock, config }: Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>,
  organizationId: string,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const sets = new Map<string, ReadonlySet<string>>();
  if (names.size === 0) return sets;
  const scope = { organizationId, asOf: clock(), silence: config.silence };
  for (const { name, query } of await loadTags(db, organizationId)) {
    if (query === null || !names.has(name)) continue;
    const select = await prepareScope(db, query, scope, prepareAssets);
    const index = await fleetIndex.current(organizationId);
    const assets = select(index);
    sets.set(name, new Set(Array.from(assets.toUint32Array(), (dense) => index.table.assets[dense]?.assetId ?? '')));
    assets.dispose();
  }
  return sets;
}
