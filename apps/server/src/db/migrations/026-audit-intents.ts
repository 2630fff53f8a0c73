import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What was begun and is to become an event of the audit log: docs/adr/0022-audit-intents.md. */
export const auditIntents: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table audit_intent (
        id uuid primary key,
        organization_id uuid not null references organization,
        begun_at timestamptz not null default now(),
        -- When whoever is at it said so last.
        alive_at timestamptz not null default now(),
        -- The event as JSON, as far as it was known at the beginning.
        event text not null
      )`.execute(db);
  },
};
