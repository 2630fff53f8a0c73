import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Configuration profiles. What is in force on an asset is derived from them; only what its agent says of it is kept. */
export const profiles: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table configuration_profile (
        organization_id uuid not null references organization,
        id uuid not null,
        name text not null,
        description text not null,
        priority smallint not null check (priority between 1 and 1000),
        -- Null: the default of the organization, for every asset and below every other.
        query text,
        settings jsonb not null,
        upgrades jsonb not null,
        changed_at timestamptz not null,
        changed_by text not null,
        primary key (organization_id, id),
        unique (organization_id, name)
      )`.execute(db);
    await sql`create unique index configuration_profile_default on configuration_profile (organization_id) where query is null`.execute(
      db,
    );
    await sql`alter table agent add column settings jsonb`.execute(db);
  },
};
