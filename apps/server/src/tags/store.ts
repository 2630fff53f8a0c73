import type { Tag } from '@vedette/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

type Db = Kysely<Database>;
export type TagRow = Selectable<Database['tag']>;

/** What tags mean at a moment, or now, by name. */
export async function loadTags(db: Db, organizationId: string, asOf?: Date): Promise<TagRow[]> {
  let rows = db.selectFrom('tag').selectAll().where('organizationId', '=', organizationId).orderBy('name');
  rows = asOf
    ? rows.where('validFrom', '<=', asOf).where((is) => is.or([is('validUntil', 'is', null), is('validUntil', '>', asOf)]))
    : rows.where('validUntil', 'is', null);
  return rows.execute();
}

/** One after the other within an organization: what is checked of all tags holds when one of them is written. */
export async function lockTags(tx: Db, organizationId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`tags ${organizationId}`}, 0))`.execute(tx);
}

export async function endTag(tx: Db, organizationId: string, name: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('tag')
    .set({ validUntil: now })
    .where('organizationId', '=', organizationId)
    .where('name', '=', name)
    .where('validUntil', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function insertTag(
  tx: Db,
  tag: Tag & { readonly organizationId: string; readonly validFrom: Date; readonly changedBy: string },
): Promise<void> {
  await tx.insertInto('tag').values(tag).execute();
}

/** Tags by hand, with the number of assets that have each. */
export async function countHandTags(db: Db, organizationId: string): Promise<Map<string, number>> {
  const { rows } = await sql<{ name: string; assets: number }>`
    select name, count(*)::integer as assets from asset_release, unnest(tags) as name
    where organization_id = ${organizationId} group by name`.execute(db);
  return new Map(rows.map(({ name, assets }) => [name, assets]));
}

/** Tags of an asset by hand; null where there is no such asset. */
export async function handTagsOf(
  db: Db,
  { organizationId, assetId }: { organizationId: string; assetId: string },
): Promise<ReadonlySet<string> | null> {
  const { rows } = await sql<{ tags: string[] }>`
    select coalesce(tags, '{}') as tags from asset
    left join asset_release on asset_release.organization_id = asset.organization_id and asset_id = asset.id
    where asset.organization_id = ${organizationId} and asset.id = ${assetId}`.execute(db);
  return rows[0] ? new Set(rows[0].tags) : null;
}

/** Tags of an asset by hand after the change; null where there is no such asset. */
export async function changeHandTags(
  db: Db,
  { organizationId, assetId }: { organizationId: string; assetId: string },
  { add, remove }: { add: readonly string[]; remove: readonly string[] },
): Promise<string[] | null> {
  const { rows } = await sql<{ tags: string[] }>`
    insert into asset_release as known (organization_id, asset_id, tags)
    select organization_id, id, ${[...new Set(add)].toSorted()}::text[] from asset
    where organization_id = ${organizationId} and id = ${assetId}
    on conflict (organization_id, asset_id) do update set tags = array(
      select distinct name from unnest(known.tags || ${[...add]}::text[]) as name
      where name <> all(${[...remove]}::text[]) order by name)
    returning tags`.execute(db);
  return rows[0]?.tags ?? null;
}

/** Takes a tag off every asset. */
export async function removeHandTag(tx: Db, organizationId: string, name: string): Promise<void> {
  await sql`
    update asset_release set tags = array_remove(tags, ${name}::text)
    where organization_id = ${organizationId} and ${name}::text = any(tags)`.execute(tx);
}
