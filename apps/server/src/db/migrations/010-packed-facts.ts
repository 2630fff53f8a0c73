import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Facts in one piece for each collector on an asset, packed against those of a like machine (inventory/fact-bases.ts), instead of a row
 * of the database with an index entry for each. Rows of fact_row are read where they still are, and packed when something of their
 * collector changes, or by whoever plays the role of jobs (inventory/fact-packer.ts): nobody waits for it, however many there are.
 */
export const packedFacts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table fact_base (
        number integer generated always as identity primary key,
        collector text not null,
        hash bytea not null unique,
        content bytea not null,
        created_at timestamptz not null
      )`.execute(db);
    await sql`create index fact_base_collector on fact_base (collector, number)`.execute(db);
    // Compressed already: PostgreSQL need not try.
    await sql`
      alter table collector_state
        add column fact_base integer,
        add column facts bytea,
        alter column facts set storage external`.execute(db);
    await sql`
      alter table fact_change
        add column fact_base integer,
        add column packed bytea,
        alter column added drop not null,
        alter column removed drop not null`.execute(db);
  },
};
