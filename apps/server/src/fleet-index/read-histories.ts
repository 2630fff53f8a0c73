import { type Kysely, sql } from 'kysely';
import { newestAgent } from '../agents/newest-agent.ts';
import type { Database } from '../db/schema.ts';
import type { IndexedAsset } from './asset-table.ts';
import type { AssetHistory, Presence } from './detection-history.ts';
import { type Cursor, isSettled } from './cursor.ts';

/** One entry of inventory_change, its lists as PostgreSQL writes arrays: parsing them here is several times faster. */
export interface ChangeRow {
  readonly number: number;
  readonly collector: string;
  /** In ms since 1970. */
  readonly at: number;
  readonly added: string;
  readonly removed: string;
}

/** Columns of asset and its newest agent, as IndexedAsset. */
export const assetColumns = sql`number, asset.id as asset_id, hostname, os, ecosystem, release, architecture, pending_restart,
  (extract(epoch from first_seen) * 1000)::float8 as first_seen, agent.version as agent_version,
  agent.last_check_in is not null as has_checked_in`;
/** Columns of inventory_change, as ChangeRow. */
export const changeColumns = sql`collector, (extract(epoch from at) * 1000)::float8 as at, added::text as added, removed::text as removed`;

/** The next assets of an organization, in the order of their numbers. */
export async function readAssets(
  db: Kysely<Database>,
  { organizationId, after, limit }: { organizationId: string; after: number; limit: number },
): Promise<IndexedAsset[]> {
  const { rows } = await sql<IndexedAsset>`
    select ${assetColumns} from asset ${newestAgent}
    where organization_id = ${organizationId} and number > ${after}
    order by number
    limit ${limit}`.execute(db);
  return rows;
}

/** All package changes of these assets up to a cursor, as presences, by the assets' numbers. */
export async function readHistories(
  db: Kysely<Database>,
  { organizationId, until }: { readonly organizationId: string; readonly until: Cursor },
  assets: readonly IndexedAsset[],
): Promise<Map<number, AssetHistory>> {
  const { rows } = await sql<ChangeRow>`
    select asset.number, ${changeColumns}
    from inventory_change
    join unnest(${assets.map(({ assetId }) => assetId)}::uuid[], ${assets.map(({ number }) => number)}::integer[]) as asset (id, number)
      on asset.id = asset_id
    where organization_id = ${organizationId} and ${isSettled(until, 'inventory_change.written_by')}
    order by asset_id, collector, change`.execute(db);
  const byAsset = Map.groupBy(rows, ({ number }) => number);
  return new Map(assets.map(({ number }) => [number, toHistory(byAsset.get(number) ?? [])]));
}

/** Entries of one asset in the order of their making, one collector after the other. */
export function toHistory(rows: readonly ChangeRow[]): AssetHistory {
  const times = rows.map(({ at }) => at);
  const birth = times.length === 0 ? null : Math.min(...times);
  const presences: Presence[] = [];
  const steady: number[] = [];
  for (const [, changes] of Map.groupBy(rows, ({ collector }) => collector)) {
    const [first] = changes;
    // Nothing has changed since: what came then is there.
    if (changes.length === 1 && first?.at === birth) {
      for (const packageVersion of parseNumbers(first.added)) steady.push(packageVersion);
      continue;
    }
    for (const presence of presencesOf(changes)) {
      if (presence.from === birth && presence.until === Number.POSITIVE_INFINITY) steady.push(presence.packageVersion);
      else presences.push(presence);
    }
  }
  return { birth, lastChange: Math.max(0, ...times), steady, presences };
}

function presencesOf(changes: readonly ChangeRow[]): Presence[] {
  const presences: Presence[] = [];
  const open = new Map<number, number>();
  for (const { at, added, removed } of changes) {
    for (const packageVersion of parseNumbers(removed)) {
      const from = open.get(packageVersion);
      if (from !== undefined && open.delete(packageVersion)) presences.push({ packageVersion, from, until: at });
    }
    for (const packageVersion of parseNumbers(added)) if (!open.has(packageVersion)) open.set(packageVersion, at);
  }
  for (const [packageVersion, from] of open) presences.push({ packageVersion, from, until: Number.POSITIVE_INFINITY });
  return presences;
}

/** Reads an array of whole numbers as PostgreSQL writes it: {1,2,3}. */
export function parseNumbers(text: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  for (let index = 1; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (text.length > 2) {
      numbers.push(value);
      value = 0;
    }
  }
  return numbers;
}
