import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Which agents enrolled, and whose keys were revoked, between two moments: otherwise each question for events looks at all of them, twice. Of
 * 100,000 agents the indexes take 5 MB. Check-ins change neither column, so that they need no new entries.
 */
export const agentsByTime: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index agent_enrolled_at on agent (organization_id, enrolled_at)`.execute(db);
    await sql`create index agent_revoked_at on agent (organization_id, revoked_at) where revoked_at is not null`.execute(db);
  },
};
