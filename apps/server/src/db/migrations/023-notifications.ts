import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Channels, rules, and what waits to be sent: a message is written in the transaction that moves the position behind what it tells, so
 * that none is lost and none made twice.
 *
 * - verdict.inserted_by: the transaction that made a verdict, which written_by forgets when it ends. Null for older ones.
 * - notification_position: up to where the histories have been told. `mark` is the writer of the row and `mark_text` the same as text: a
 *   restored database gives the row another writer, and positions of another cluster mean nothing.
 * - notification_told: what was told once and must not be again, where the histories do not say so themselves.
 */
export const notifications: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements.split(/;\n\n/)) await sql.raw(statement).execute(db);
  },
};

const statements = `
alter table verdict add column inserted_by xid8;

alter table verdict alter column inserted_by set default pg_current_xact_id();

create table notification_channel (
  organization_id uuid not null,
  id uuid primary key,
  name text not null,
  settings jsonb not null,
  -- Never leaves the platform but to whom it belongs.
  secret text,
  enabled boolean not null,
  problem text,
  last_delivered_at timestamptz,
  created_at timestamptz not null,
  created_by text not null
);

create table notification_rule (
  organization_id uuid not null,
  id uuid primary key,
  name text not null,
  events text[] not null,
  query text,
  assets text[] not null,
  channel_ids uuid[] not null,
  digest_minutes integer not null,
  enabled boolean not null,
  scopes text[] not null,
  created_at timestamptz not null,
  created_by text not null
);

create table notification_position (
  id integer primary key check (id = 1),
  snapshot text not null,
  knowledge integer not null,
  looked_at timestamptz not null,
  begun_at timestamptz not null,
  mark xid8 not null default pg_current_xact_id(),
  mark_text text not null
);

create table notification_told (
  organization_id uuid not null,
  key text not null,
  at timestamptz not null,
  primary key (organization_id, key)
);

create index notification_told_at on notification_told (at);

create table notification_message (
  organization_id uuid not null,
  id uuid primary key,
  channel_id uuid not null references notification_channel on delete cascade,
  rule_id uuid,
  subject text not null,
  -- Told in it, of which at most some are spelled out in the body.
  events integer not null,
  body jsonb not null,
  state text not null check (state in ('waiting', 'delivered', 'given-up')),
  attempts integer not null default 0,
  created_at timestamptz not null,
  due_at timestamptz not null,
  claimed_until timestamptz,
  delivered_at timestamptz,
  problem text
);

create index notification_message_due on notification_message (due_at) where state = 'waiting';

create index notification_message_newest on notification_message (organization_id, created_at desc, id);

create index notification_message_open on notification_message (rule_id, channel_id) where state = 'waiting' and attempts = 0`;
