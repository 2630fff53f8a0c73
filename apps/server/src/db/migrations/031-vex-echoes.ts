import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What a document says that an exception of another document holds for already: it stands again by itself when that one is taken back. `key`
 * is that of vex_document, with an empty name for documents that have none; `said` holds package versions by number of the check.
 */
export const vexEchoes: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table vex_echo (
        organization_id uuid not null references organization,
        exception_id uuid not null,
        key bytea not null,
        document text,
        query text not null,
        comment text not null,
        source text not null,
        said jsonb not null,
        expires_at timestamptz,
        heard_at timestamptz not null,
        primary key (organization_id, exception_id, key),
        foreign key (organization_id, exception_id) references exception (organization_id, id) on delete cascade
      )`.execute(db);
    await sql`create index vex_echo_key on vex_echo (organization_id, key)`.execute(db);
  },
};
