import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Reports as they were wished for, and their bytes in chunks: whichever process makes one, every other can hand it out, and a backup
 * has them. A report that is being made belongs to a process until `claimed_until`; then another one begins it anew.
 */
export const reports: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements.split(/;\n\n/)) await sql.raw(statement).execute(db);
  },
};

const statements = `
create table report_schedule (
  organization_id uuid not null,
  id uuid primary key,
  wish jsonb not null,
  cron text not null,
  time_zone text not null,
  keep_days integer not null,
  channel_ids uuid[] not null,
  enabled boolean not null,
  scopes text[] not null,
  created_at timestamptz not null,
  created_by text not null,
  next_run_at timestamptz,
  last_run_at timestamptz,
  last_problem text
);

create index report_schedule_due on report_schedule (next_run_at) where enabled;

create table report (
  organization_id uuid not null,
  id uuid primary key,
  -- The schedule that wished for it may be gone.
  schedule_id uuid,
  wish jsonb not null,
  as_of timestamptz not null,
  since timestamptz,
  state text not null check (state in ('queued', 'running', 'done', 'failed')),
  problem text,
  created_at timestamptz not null,
  created_by text not null,
  scopes text[] not null,
  claimed_until timestamptz,
  attempts integer not null default 0,
  finished_at timestamptz,
  expires_at timestamptz not null,
  bytes bigint,
  rows bigint,
  sha256 text
);

create index report_newest on report (organization_id, created_at desc, id);

create index report_waiting on report (created_at) where state in ('queued', 'running');

create index report_expiry on report (expires_at);

create table report_chunk (
  report_id uuid not null references report on delete cascade,
  number integer not null,
  content bytea not null,
  primary key (report_id, number)
);

-- Most formats are packed already; trying to pack the others would cost more than it saves.
alter table report_chunk alter column content set storage external`;
