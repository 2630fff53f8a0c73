import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What tags mean, each meaning with its time. Which assets have a tag by hand stands in asset_release; by its query, nowhere. */
export const tags: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table tag (
        organization_id uuid not null,
        number bigint generated always as identity,
        name text not null,
        valid_from timestamptz not null,
        valid_until timestamptz,
        description text not null,
        query text,
        criticality smallint check (criticality between 1 and 5),
        exposure text check (exposure in ('isolated', 'internal', 'internet')),
        changed_by text not null,
        primary key (organization_id, number)
      )`.execute(db);
    await sql`create unique index tag_current on tag (organization_id, name) where valid_until is null`.execute(db);
  },
};
