import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Since when an agent's key is no longer believed. */
export const agentRevocation: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table agent add column revoked_at timestamptz`.execute(db);
  },
};
