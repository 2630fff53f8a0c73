import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which release is for which agent, and what became of it. What a release is lies in signed files, not here. */
export const releases: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // Keys of the two roles that the platform signs by itself; PKCS #8.
    await sql`
      create table release_key (
        role text primary key check (role in ('snapshot', 'timestamp')),
        private_key bytea not null
      )`.execute(db);
    await sql`
      create table rollout (
        organization_id uuid not null,
        id uuid not null,
        subject text not null,
        version text not null,
        previous text,
        state text not null check (state in ('running', 'paused', 'complete', 'rolled-back', 'superseded')),
        rings jsonb not null,
        ring integer not null,
        ring_since timestamptz not null,
        gate jsonb not null,
        reason text not null default '',
        started_at timestamptz not null,
        started_by uuid not null,
        changed_at timestamptz not null,
        primary key (organization_id, id)
      )`.execute(db);
    await sql`
      create unique index rollout_open on rollout (organization_id, subject) where state in ('running', 'paused')`.execute(db);
    await sql`
      create table release_rules (
        organization_id uuid primary key,
        rules jsonb not null,
        changed_at timestamptz not null,
        changed_by uuid not null
      )`.execute(db);
    await sql`
      create table asset_release (
        organization_id uuid not null,
        asset_id uuid not null,
        pin text,
        tags text[] not null default '{}',
        primary key (organization_id, asset_id)
      )`.execute(db);
    // What each agent said last, and what it was told.
    await sql`
      create table agent_upgrade (
        organization_id uuid not null,
        asset_id uuid not null,
        platform text not null,
        version text not null,
        previous text,
        runtime text not null,
        state text not null,
        target text,
        since timestamptz not null,
        reason text,
        report jsonb not null,
        desired text,
        desired_at timestamptz,
        held text,
        reported_at timestamptz not null,
        primary key (organization_id, asset_id)
      )`.execute(db);
    await sql`create index agent_upgrade_target on agent_upgrade (organization_id, target, state)`.execute(db);
    // Every outcome, for whoever asks later what happened that night.
    await sql`
      create table release_event (
        organization_id uuid not null,
        number bigint generated always as identity,
        at timestamptz not null,
        kind text not null,
        asset_id uuid,
        version text,
        detail jsonb not null,
        primary key (organization_id, number)
      )`.execute(db);
  },
};
