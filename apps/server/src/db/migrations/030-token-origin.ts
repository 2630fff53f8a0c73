import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * With which token a token was made: it ends with that one. Whoever got hold of a token and made others would keep these when it is revoked.
 * Of those that are there nobody knows; they stay.
 */
export const tokenOrigin: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table api_token add column made_with uuid references api_token on delete cascade`.execute(db);
    await sql`create index api_token_made_with on api_token (made_with)`.execute(db);
  },
};
