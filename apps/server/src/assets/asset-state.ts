import { type Asset, type SilenceLimits, stateBySilence } from '@vedette/protocol';
import { type RawBuilder, sql } from 'kysely';

/** State and since when, for the asset API. */
export function stateOfAsset(
  { lastSeen, hasCheckedIn }: { lastSeen: Date; hasCheckedIn: boolean },
  asOf: Date,
  limits: SilenceLimits,
): Pick<Asset, 'state' | 'stateSince'> {
  const { state, since } = stateBySilence({ lastHeard: lastSeen.getTime(), hasCheckedIn }, asOf.getTime(), limits);
  return { state, stateSince: new Date(since).toISOString() };
}

/** The same as SQL over `asset`, for a filter; `hasCheckedIn` is an expression of the query. */
export function assetStateSql(asOf: Date, limits: SilenceLimits, hasCheckedIn: RawBuilder<unknown>): RawBuilder<unknown> {
  const before = (state: keyof SilenceLimits): Date => new Date(asOf.getTime() - limits[state] * 1000);
  return sql`case when asset.last_seen <= ${before('archived')} then 'archived'
    when asset.last_seen <= ${before('stale')} then 'stale'
    when asset.last_seen <= ${before('silent')} then 'silent'
    when ${hasCheckedIn} then 'active' else 'enrolling' end`;
}
