import type { RoaringBitmap32 } from 'roaring-wasm';
import type { Context } from '../context.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { prepareScope } from '../tags/prepare-tag.ts';
import type { StoredProfile } from './layers.ts';

export type ProfileSources = Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>;
type Queried = Pick<StoredProfile, 'query'>;

/** Which assets profiles are for. */
export interface Selection extends Disposable {
  /** Use it before the next await; see FleetIndex. */
  readonly index: OrganizationIndex;
  /** In the order of the profiles; null for all assets. */
  readonly sets: readonly (RoaringBitmap32 | null)[];
}

/**
 * Asks for the assets of each profile, all at one state of the index. `within`: one asset alone, which costs little however large the fleet
 * is. Throws ApiError UNAVAILABLE while the fleet index is being built.
 */
export async function selectAssets(
  { db, fleetIndex, clock, config }: ProfileSources,
  { organizationId, within }: { readonly organizationId: string; readonly within?: string },
  profiles: readonly Queried[],
): Promise<Selection> {
  const scope = { organizationId, asOf: clock(), silence: config.silence };
  const selects = [];
  for (const { query } of profiles) {
    const text = query === null || within === undefined ? query : `(${query}) and assetId:${within}`;
    selects.push(text === null ? null : await prepareScope(db, text, scope, prepareAssets));
  }
  const index = await fleetIndex.current(organizationId);
  const sets = selects.map((select) => select?.(index) ?? null);
  return { index, sets, [Symbol.dispose]: () => sets.forEach((set) => set?.dispose()) };
}

/** By the index's number of an asset: which profiles it fits beside those for all, as places in the list with commas behind. */
export function combinationsOf({ index, sets }: Selection): string[] {
  const keys = Array.from<string>({ length: index.table.assets.length }).fill('');
  for (const [at, set] of sets.entries()) for (const asset of set?.toUint32Array() ?? []) keys[asset] += `${at},`;
  return keys;
}

/** The profiles that a combination stands for, with those for all, in the order of the list. */
export function profilesOf<Profile extends Queried>(profiles: readonly Profile[], combination: string): Profile[] {
  const places = new Set(combination.split(',', profiles.length));
  return profiles.filter(({ query }, at) => query === null || places.has(String(at)));
}
