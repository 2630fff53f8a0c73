import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What advisories of other ecosystems than Debian say of versions, and numbers of checks that no rule computes (adr/0006). */
export const everyEcosystem: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      alter table statement
        add column last_affected text,
        add column "limit" text,
        add column versions text[],
        add column module text,
        add column vendor_state text`.execute(db);
    await sql`
      create table check_number (
        number integer generated always as identity (start with 2110000000) primary key,
        name text not null unique
      )`.execute(db);
  },
};
