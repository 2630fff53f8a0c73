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

/** The states that silence leads to, as SQL over `asset`; null for the others. */
export function silenceSql(asOf: Date, limits: SilenceLimits): RawBuilder<unknown> {
  const before = (state: keyof SilenceLimits): Date => new Date(asOf.getTime() - limits[state] * 1000);
  return sql`case when asset.last_seen <= ${before('archived')} then 'archived'
    when asset.last_seen <= ${before('stale')} then 'stale'
    when asset.last_seen <= ${before('silent')} then 'silent' end`;
}
