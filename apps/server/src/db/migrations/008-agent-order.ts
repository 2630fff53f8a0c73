import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What agents were told to do, and what became of it. */
export const agentOrder: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table agent_order (
        organization_id uuid not null,
        asset_id uuid not null,
        id uuid not null,
        kind text not null,
        state text not null check (state in ('queued', 'delivered', 'running', 'done', 'failed', 'refused', 'expired')),
        requested_by uuid not null,
        requested_at timestamptz not null,
        expires_at timestamptz not null,
        delivered_at timestamptz,
        started_at timestamptz,
        finished_at timestamptz,
        detail text not null default '',
        primary key (organization_id, asset_id, id)
      )`.execute(db);
    // The few that are not answered yet; every server process reads them when it starts.
    await sql`
      create index agent_order_open on agent_order (organization_id, asset_id)
      where state in ('queued', 'delivered', 'running')`.execute(db);
  },
};
