import { type RawBuilder, sql } from 'kysely';

/** Ids of the package versions that a collector had found on an asset by a moment, as `(id)`: what its last entry until then says of each. */
export function packagesThen(wish: {
  readonly organizationId: string;
  readonly assetId: string;
  readonly collector: string;
  readonly asOf: Date;
}): RawBuilder<{ id: number }> {
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
