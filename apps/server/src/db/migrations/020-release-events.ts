import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What happened to one asset's upgrades, newest first. */
export const releaseEvents: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index release_event_asset on release_event (organization_id, asset_id, number)`.execute(db);
  },
};
