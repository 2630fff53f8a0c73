import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';

/** Names an asset in every query: the organization is always part of it. */
export interface AssetRef {
  readonly organizationId: string;
  readonly assetId: string;
}

/** One collector's rows on one asset. */
export interface CollectorRef extends AssetRef {
  readonly collector: string;
}

export type Tx = Transaction<Database>;

/** Asset ids are ours and unique, so they name a collector's rows in memory without the organization. */
export function refKey({ assetId, collector }: CollectorRef): string {
  return `${assetId} ${collector}`;
}

/** Columns for `unnest`: many rows travel as one statement. */
export function refColumns(refs: readonly CollectorRef[]): [string[], string[], string[]] {
  return [
    refs.map(({ organizationId }) => organizationId),
    refs.map(({ assetId }) => assetId),
    refs.map(({ collector }) => collector),
  ];
}

/** Until the end of the transaction nobody else changes what is stored of these assets. */
export async function lockAssets(tx: Tx, refs: readonly AssetRef[]): Promise<void> {
  const assets = [...new Set(refs.map(({ assetId }) => assetId))];
  // All servers take them in one order, so that none waits for another in a circle.
  await sql`
    select pg_advisory_xact_lock(key)
    from (select hashtextextended(id, 0) as key from unnest(${assets}::text[]) as wanted (id) order by 1) as ordered`.execute(tx);
}

/**
 * The same for those of them that nobody else has at present; returns their ids. Never waits, so that nobody waits for it in a circle,
 * in whatever order.
 */
export async function tryLockAssets(tx: Tx, refs: readonly AssetRef[]): Promise<Set<string>> {
  const assets = [...new Set(refs.map(({ assetId }) => assetId))];
  const { rows } = await sql<{ id: string }>`
    select id from unnest(${assets}::text[]) as wanted (id) where pg_try_advisory_xact_lock(hashtextextended(id, 0))`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}
