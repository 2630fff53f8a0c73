import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What a verdict rests on (adr/0008): the statements it considered, once for all that considered the same, and the hash of the whole
 * record. The feeds' files belong to the knowledge version made of them, since a later refresh overwrites feed_state.
 */
export const evidence: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table considered (
        id integer generated always as identity primary key,
        hash bytea not null unique,
        statements text not null
      )`.execute(db);
    await sql`
      alter table verdict
        add column considered_id integer references considered,
        add column evidence_hash bytea`.execute(db);
    await sql`alter table knowledge_version add column origins jsonb not null default '[]'`.execute(db);
  },
};
