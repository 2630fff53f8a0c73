import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What the fleet index needs of the database (adr/0009), and histories in parts by time.
 *
 * - asset.number: a small number for sets of assets.
 * - written_by: the transaction that wrote a row last. With it a reader finds what is new to it, whoever wrote it and in whatever order
 *   transactions ended. 0 for rows that were only moved.
 * - inventory_change and fact_change: partitioned by time. What is there becomes the partition of the past as it is, without being
 *   copied; db/history-partitions.ts makes the months to come. What fits none lands in a default partition.
 */
export const fleetIndex: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements.split(/;\n\n/)) await sql.raw(statement).execute(db);
    await partition(db, 'inventory_change', 'organization_id, asset_id, collector, change, at');
    await partition(db, 'fact_change', 'organization_id, asset_id, collector, sequence, at');
    await sql.raw(presence).execute(db);
  },
};

const statements = `
alter table asset
  add column number integer generated always as identity,
  add column written_by xid8 not null default pg_current_xact_id();

create index asset_number on asset (organization_id, number);

create index asset_written on asset (written_by);

alter table verdict add column written_by xid8 not null default pg_current_xact_id();

create index verdict_written on verdict (written_by);

alter table inventory_change add column written_by xid8 not null default pg_current_xact_id();

create index inventory_change_past_written on inventory_change (written_by);

create function note_writer() returns trigger language plpgsql as 'begin
  new.written_by := pg_current_xact_id();
  return new;
end';

create trigger note_writer before update on asset for each row
when (
  (old.hostname, old.os, old.ecosystem, old.release, old.pending_restart)
    is distinct from (new.hostname, new.os, new.ecosystem, new.release, new.pending_restart)
) execute function note_writer();

create trigger note_writer before update on verdict for each row execute function note_writer();

drop view presence
`;

/** The table becomes the partition of the past of a new one of its name. */
async function partition(db: Kysely<unknown>, table: string, key: string): Promise<void> {
  const { rows } = await sql<{ border: string }>`
    select (date_trunc('month', greatest(max(at), now()) at time zone 'UTC') + interval '1 month')::text || '+00' as border
    from ${sql.table(table)}`.execute(db);
  const border = rows[0]?.border ?? '';
  await sql
    .raw(
      `
alter table ${table} rename to ${table}_past;
alter table ${table}_past drop constraint ${table}_pkey;
create unique index ${table}_past_key on ${table}_past (${key});
create table ${table} (like ${table}_past including defaults, primary key (${key})) partition by range (at);
${table === 'inventory_change' ? 'create index inventory_change_written on inventory_change (written_by);' : ''}
alter table ${table} attach partition ${table}_past for values from (minvalue) to ('${border}');
create table ${table}_rest partition of ${table} default;`,
    )
    .execute(db);
}

const presence = `
create view presence as
select organization_id, asset_id, package_version_id, tstzrange(at, ends_at) as during
from (
  select organization_id, asset_id, package_version_id, at, present,
    lead(at) over (partition by organization_id, asset_id, collector, package_version_id order by change, present) as ends_at
  from (
    select organization_id, asset_id, collector, change, at, true as present, unnest(added) as package_version_id
    from inventory_change
    union all
    select organization_id, asset_id, collector, change, at, false, unnest(removed)
    from inventory_change
  ) as event
) as ordered_event
where present`;
