import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Which key the secrets are sealed with (docs/adr/0023-sealed-secrets.md). Without a row they lie there in plain: the next start, which has the
 * key, seals them.
 */
export const sealedSecrets: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create table sealing (id integer primary key check (id = 1), key_id text not null)`.execute(db);
  },
};
