import { createHash } from 'node:crypto';
import type { AccessRequirement } from '@vedette/protocol';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Context } from '../context.ts';
import type { AssetScope } from '../db/asset-scope.ts';
import { ApiError } from '../http/api-error.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { readAssetScope } from '../tags/tag-query.ts';
import type { Caller } from './authenticate.ts';

type Sources = Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>;

/**
 * The assets that a caller may see now; null for all. Whoever may not read assets at all sees none, also where they are only counted.
 * Throws ApiError FORBIDDEN where a scope cannot be understood (any more): what it was to keep apart stays apart.
 */
export async function resolveScope(sources: Sources, caller: Caller, needed: AccessRequirement): Promise<AssetScope | null> {
  const { organizationId, scopes, seesNoAsset } = caller;
  if (scopes.length === 0 && !seesNoAsset) return null;
  // Logging in and the account are about no asset, and must not have to wait for the index.
  if (seesNoAsset || needed === 'login' || needed === 'account' || needed === 'leave') return toScope(organizationId, []);
  const asOf = sources.clock();
  const queries = scopes.map((scope) => readScope(scope, asOf));
  const selects = [];
  for (const query of queries)
    selects.push(await prepareAssets(sources.db, query, { organizationId, asOf, silence: sources.config.silence }));
  const index = await sources.fleetIndex.current(organizationId);
  const within = new RoaringBitmap32(index.table.all);
  for (const select of selects) {
    const fitting = select(index);
    within.andInPlace(fitting);
    fitting.dispose();
  }
  const assetIds = Array.from(within.toUint32Array(), (asset) => index.table.assets[asset]?.assetId ?? []).flat();
  within.dispose();
  return toScope(organizationId, assetIds);
}

function readScope(scope: string, now: Date) {
  try {
    return parseScope(scope, now);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const message = `Which assets you may see cannot be understood; a manager has to set it anew. ${error.message}`;
    throw new ApiError('FORBIDDEN', message, { cause: error });
  }
}

/** A scope as people write it. Throws ApiError BAD_REQUEST. */
export function parseScope(scope: string, now: Date) {
  const query = readAssetScope(scope, now);
  if (!query) throw new ApiError('BAD_REQUEST', 'scope: must say which assets');
  return query;
}

function toScope(organizationId: string, assetIds: readonly string[]): AssetScope {
  const key = createHash('sha256')
    .update([organizationId, ...assetIds].join(' '))
    .digest('hex');
  return { organizationId, assetIds: new Set(assetIds), key };
}
