import { type RawBuilder, sql } from 'kysely';

interface Wish {
  readonly organizationId: string;
  readonly assetId: string;
  readonly collector: string;
  readonly asOf: Date;
}

/** The package versions of a collector's on an asset, to be selected from: those of now, or of a moment of the past. */
export function packagesAt(wish: Omit<Wish, 'asOf'> & { readonly asOf?: Date | null | undefined }): RawBuilder<unknown> {
  const { organizationId, assetId, collector, asOf } = wish;
  if (asOf) return sql`${packagesThen({ organizationId, assetId, collector, asOf })} as present join package_version using (id)`;
  return sql`inventory
    join package_set using (set_hash)
    join package_version
      on package_version.id = any(package_set.ids || inventory.added) and package_version.id <> all(inventory.removed)
    where organization_id = ${organizationId} and asset_id = ${assetId} and collector = ${collector}`;
}

/** Ids of the package versions that a collector had found on an asset by a moment, as `(id)`: what its last entry until then says of each. */
function packagesThen(wish: Wish): RawBuilder<{ id: number }> {
  const entries = sql`
    from inventory_change
    where organization_id = ${wish.organizationId} and asset_id = ${wish.assetId} and collector = ${wish.collector}
      and at <= ${wish.asOf}`;
  return sql<{ id: number }>`(
    select id from (
      select distinct on (id) id, present from (
        select change, true as present, unnest(added) as id ${entries}
        union all
        select change, false, unnest(removed) ${entries}
      ) as event
      order by id, change desc, present desc
    ) as newest
    where present)`;
}
