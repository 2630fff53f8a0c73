import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

interface Fold {
  /** Partitions of inventory_change, the oldest first. They become one, under the first name. */
  readonly partitions: readonly string[];
  /** What ended before may be forgotten. */
  readonly before: Date;
}

/**
 * Writes partitions of inventory_change anew as one, without the package versions that came and went in them before a moment and that no
 * verdict ever spoke of while they were there. No detection, at whatever moment it is asked for, rests on one of these, nor will one
 * later: a verdict never begins before it is made. The first and the last entry of a collector on an asset stay, empty if need be: they
 * tell when the asset was first seen, and how far its entries are counted. Returns how many entries are left.
 */
export async function foldHistory(db: Kysely<Database>, { partitions, before }: Fold): Promise<number> {
  return db.transaction().execute(async (tx) => {
    await sql`set local statement_timeout = '1h'`.execute(tx);
    const [name = ''] = partitions;
    const fresh = sql.table(`${name}_fresh`);
    // Nobody writes to months gone by; should somebody after all, he waits.
    for (const partition of partitions) await sql`lock table ${sql.table(partition)} in share row exclusive mode`.execute(tx);
    const bounds = await joinedBounds(tx, partitions);
    await sql`create table ${fresh} (like inventory_change including defaults)`.execute(tx);
    const left = await copyWhatCounts(tx, { partitions, before });
    // Whoever reads or writes histories waits from here on, but not for long: what is left has been written.
    await sql`set local lock_timeout = '10s'`.execute(tx);
    for (const partition of partitions) {
      await sql`alter table inventory_change detach partition ${sql.table(partition)}`.execute(tx);
      await sql`drop table ${sql.table(partition)}`.execute(tx);
    }
    await sql`alter table ${fresh} rename to ${sql.id(name)}`.execute(tx);
    await sql`alter table inventory_change attach partition ${sql.table(name)} ${sql.raw(bounds)}`.execute(tx);
    return left;
  });
}

/** From where the first begins to where the last ends, as PostgreSQL writes it. */
async function joinedBounds(tx: Kysely<Database>, partitions: readonly string[]): Promise<string> {
  const { rows } = await sql<{ bounds: string }>`
    select pg_get_expr(relpartbound, oid) as bounds
    from pg_class join unnest(${partitions}::text[]) with ordinality as wanted (name, place) on oid = wanted.name::regclass
    order by place`.execute(tx);
  const [first, last] = [rows[0]?.bounds ?? '', rows.at(-1)?.bounds ?? ''];
  return rows.length === 1 ? first : `${first.split(' TO ')[0]} TO ${last.split(' TO ')[1]}`;
}

async function copyWhatCounts(tx: Kysely<Database>, { partitions, before }: Fold): Promise<number> {
  const old = sql.join(
    partitions.map((partition) => sql`select * from ${sql.table(partition)}`),
    sql` union all `,
  );
  const { numAffectedRows } = await sql`
    with old as (
      ${old}
    ), event as (
      select organization_id, asset_id, collector, change, at, true as present, unnest(added) as id from old
      union all
      select organization_id, asset_id, collector, change, at, false, unnest(removed) from old
    ), stretch as (
      select *, lead(at) over presence as ends_at, lead(change) over presence as ends_change
      from event
      window presence as (partition by organization_id, asset_id, collector, id order by change, present)
    ), gone as materialized (
      select organization_id, asset_id, collector, id, change, ends_change
      from stretch
      where present and ends_at < ${before} and not exists (
        select from verdict
        where package_version_id = id and tstzrange(from_at, until_at) && tstzrange(stretch.at, ends_at))
    ), came as (
      select organization_id, asset_id, collector, change, array_agg(id) as ids from gone group by 1, 2, 3, 4
    ), went as (
      select organization_id, asset_id, collector, ends_change as change, array_agg(id) as ids from gone group by 1, 2, 3, 4
    ), last as (
      select organization_id, asset_id, collector, max(change) as last_change from old group by 1, 2, 3
    ), rest as (
      select organization_id, asset_id, collector, change, at, last_change,
        array(select id from unnest(added) as id where came.ids is null or id <> all(came.ids)) as added,
        array(select id from unnest(removed) as id where went.ids is null or id <> all(went.ids)) as removed
      from old
      join last using (organization_id, asset_id, collector)
      left join came using (organization_id, asset_id, collector, change)
      left join went using (organization_id, asset_id, collector, change)
    )
    insert into ${sql.table(`${partitions[0]}_fresh`)}
      (organization_id, asset_id, collector, change, at, added, removed, written_by)
    select organization_id, asset_id, collector, change, at, added, removed, '0'::xid8
    from rest
    where change in (1, last_change) or cardinality(added) + cardinality(removed) > 0`.execute(tx);
  return Number(numAffectedRows ?? 0);
}
