import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Which document an exception came from, so that a newer version of it can take it back, and which version was imported last. `superseded`:
 * ended by a newer version, not by somebody who decided it. `key`: SHA-256 of document and assets, either of which may be long.
 */
export const vexDocuments: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table exception add column document text, add column superseded boolean not null default false`.execute(db);
    await sql`
      create table vex_document (
        organization_id uuid not null references organization,
        key bytea not null,
        document text not null,
        version bigint,
        at timestamptz,
        imported_at timestamptz not null,
        imported_by text not null,
        primary key (organization_id, key)
      )`.execute(db);
  },
};
