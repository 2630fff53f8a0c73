import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which running machines have spoken with an agent's key: what tells a clone from a reboot, and links the asset it became. */
export const assetIdentity: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table asset_identity (
        organization_id uuid not null,
        asset_id uuid not null,
        agent_id uuid not null,
        incarnation text not null,
        hardware text not null,
        -- Of this boot, by the platform's clock.
        booted_at timestamptz not null,
        first_heard timestamptz not null,
        -- Until when it is known to have run, when another machine took its place.
        alive_at timestamptz not null,
        state text not null check (state in ('current', 'superseded', 'clone')),
        -- Of a clone: the asset of its own, in the same organization.
        became uuid,
        primary key (organization_id, asset_id, agent_id, incarnation)
      )`.execute(db);
    await sql`create index asset_identity_became on asset_identity (organization_id, became) where became is not null`.execute(
      db,
    );
  },
};
