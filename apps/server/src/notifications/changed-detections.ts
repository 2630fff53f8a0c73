import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { type Cursor, isMade, isNew, isSettled, untilAt } from '../fleet-index/cursor.ts';

/** A detection that is open and was not, or the other way round. */
export interface ChangedDetection {
  readonly assetId: string;
  readonly check: number;
  readonly isOpen: boolean;
}

/** So many assets in one statement. */
const partAssets = 200;

interface Stretch {
  readonly organizationId: string;
  readonly since: Cursor;
  /** Of the transaction. */
  readonly until: Cursor;
}

/**
 * What came and went between two cursors, an asset's all together. Both states are derived from the same rows, of which each says whether
 * the first saw it: nothing falls between two looks, however long a transaction took to commit or a package waited to be judged. What
 * came and went again in between is told by neither.
 */
export async function* changedDetections(
  tx: Kysely<Database>,
  stretch: Stretch,
  index: OrganizationIndex,
): AsyncGenerator<readonly ChangedDetection[]> {
  const assetIds = await touchedAssets(tx, stretch, index);
  for (let from = 0; from < assetIds.length; from += partAssets) {
    const changed = await compare(tx, stretch, assetIds.slice(from, from + partAssets));
    if (changed.length > 0) yield changed;
  }
}

/** Assets whose packages changed, and those that have a package of which something else is said now. */
async function touchedAssets(
  tx: Kysely<Database>,
  { organizationId, since }: Stretch,
  index: OrganizationIndex,
): Promise<string[]> {
  const judged = await sql<{ id: number }>`
    select distinct package_version_id as id from verdict where ${isNew(since, 'written_by')}`.execute(tx);
  const having = judged.rows.length === 0 ? null : index.packages.assetsWithAny(judged.rows.map(({ id }) => id));
  const touched = new Set(Array.from(having?.toUint32Array() ?? [], (asset) => index.table.assets[asset]?.assetId ?? ''));
  having?.dispose();
  const changed = await sql<{ assetId: string }>`
    select distinct asset_id from inventory_change
    where organization_id = ${organizationId} and ${isNew(since, 'written_by')}`.execute(tx);
  for (const { assetId } of changed.rows) touched.add(assetId);
  return [...touched].toSorted();
}

async function compare(
  tx: Kysely<Database>,
  { organizationId, since, until }: Stretch,
  assetIds: readonly string[],
): Promise<ChangedDetection[]> {
  const { rows } = await sql<ChangedDetection>`
    with change as (
      select asset_id, collector, change, at, added, removed, ${isNew(since, 'written_by')} as is_new
      from inventory_change
      where organization_id = ${organizationId} and asset_id = any(${[...assetIds]}::uuid[])
        and ${isSettled(until, 'inventory_change.written_by')}
    ),
    presence as (
      select asset_id, package_version_id, at, is_new, ends_at, end_is_new
      from (
        select asset_id, package_version_id, at, present, is_new, lead(at) over own as ends_at, lead(is_new) over own as end_is_new
        from (
          select asset_id, collector, change, at, is_new, true as present, unnest(added) as package_version_id from change
          union all
          select asset_id, collector, change, at, is_new, false, unnest(removed) from change
        ) as event
        window own as (partition by asset_id, collector, package_version_id order by change, present)
      ) as ordered_event
      where present
    ),
    element as (
      select asset_id, check_number,
        -- What ends now was without an end then.
        not (presence.is_new or coalesce(${isNew(since, 'inserted_by')}, false))
          and (ends_at is null or end_is_new) and (verdict_ends_at is null or ${isNew(since, 'written_by')}) as was_open,
        ends_at is null and verdict_ends_at is null as is_open
      from presence
      join (
        select package_version_id, check_number, inserted_by, written_by, ${untilAt(until)} as verdict_ends_at
        from verdict where ${isMade(until)}
      ) as verdict using (package_version_id)
    )
    select asset_id, check_number as "check", bool_or(is_open) as is_open
    from element group by asset_id, check_number
    having bool_or(is_open) <> bool_or(was_open)
    order by asset_id, check_number`.execute(tx);
  return rows;
}
