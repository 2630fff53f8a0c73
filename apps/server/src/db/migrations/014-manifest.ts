import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What posture checks require of a value, and the manifests that were published, which tell agents what to read (adr/0015). */
export const manifest: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table statement add column requires jsonb`.execute(db);
    await sql`
      create table manifest (
        version bigint primary key,
        published_at timestamptz not null,
        -- As it was signed, to the byte.
        content text not null,
        signature text not null
      )`.execute(db);
  },
};
