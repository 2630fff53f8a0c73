import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Detections that somebody said are of no concern, for a time. Rows are decided and ended, never changed: what held at a moment follows
 * from decided_at, expires_at and ended_at, as a detection's status follows from both histories.
 */
export const exceptions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table exception (
        organization_id uuid not null,
        id uuid not null,
        -- About assets, in the query language; empty for all.
        assets text not null,
        -- About detections: what the checks were found by, once, when it was requested.
        query text not null,
        any_version boolean not null,
        status text not null check (status in ('not_affected', 'affected', 'fixed', 'under_investigation')),
        justification text,
        reason text not null,
        comment text not null,
        source text not null,
        requested_by text not null,
        requested_at timestamptz not null,
        decision text check (decision in ('approved', 'rejected')),
        decided_by text,
        decided_at timestamptz,
        expires_at timestamptz,
        ended_by text,
        ended_at timestamptz,
        primary key (organization_id, id)
      )`.execute(db);
    await sql`
      create table exception_check (
        organization_id uuid not null,
        exception_id uuid not null,
        check_number integer not null,
        -- Package versions for which it was given; null for whatever version makes the check true.
        package_version_ids integer[],
        primary key (organization_id, exception_id, check_number),
        foreign key (organization_id, exception_id) references exception (organization_id, id)
      )`.execute(db);
    await sql`create index exception_check_number on exception_check (organization_id, check_number)`.execute(db);
    await sql`
      create table exception_rules (
        organization_id uuid primary key,
        second_person boolean not null,
        max_days integer,
        changed_at timestamptz not null,
        changed_by text not null
      )`.execute(db);
  },
};
