import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Names of the updates that bring a fix, where a vendor names nothing else: KB5034441. */
export const statementPatches: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table statement add column patches text[]`.execute(db);
  },
};
