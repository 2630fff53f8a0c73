import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Roles of an organization's own, asset scopes, tokens that may do less than their owner, sessions that can be listed, and the audit log.
 * Who was a manager or a reader before stays one.
 */
export const people: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements.split(/;\n\n/)) await sql.raw(statement).execute(db);
  },
};

const statements = `
create table role (
  organization_id uuid not null references organization,
  id uuid not null,
  name text not null,
  describes text not null default '',
  permissions text[] not null,
  -- In the query language, over assets; null: all of them.
  scope text,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  primary key (organization_id, id),
  unique (organization_id, name)
);

-- The name of a role that every organization has, or the id of one of its own.
alter table app_user
  drop constraint app_user_role_check,
  add column name text not null default '',
  add column scope text,
  add column disabled_at timestamptz,
  add column must_change_password boolean not null default false,
  add column last_login timestamptz;

-- Sessions of before go on: the version before may still open some.
alter table session
  add column id uuid not null default gen_random_uuid(),
  add column last_used_at timestamptz,
  add column address text not null default '',
  add column user_agent text not null default '',
  add column stage text not null default 'complete';

create unique index session_id on session (id);

-- Null: whatever its owner may.
alter table api_token
  add column permissions text[],
  add column last_used_at timestamptz,
  add column last_address text;

-- By what was tried, as text: wrong passwords and codes since the last right one.
create table login_failure (
  subject text primary key,
  failures integer not null,
  failed_at timestamptz not null,
  locked_until timestamptz
);

create table audit_event (
  organization_id uuid not null references organization,
  number bigint not null,
  at timestamptz not null,
  action text not null,
  outcome text not null,
  -- Of the event and the hash before it: packages/protocol/src/audit.ts.
  hash bytea not null,
  -- The event as canonical JSON, exactly as it was hashed.
  body text not null,
  primary key (organization_id, number)
);

create index audit_event_at on audit_event (organization_id, at);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is only added to';
end
$$;

create trigger audit_event_only_grows before update or delete on audit_event for each row execute function refuse_change();

create trigger audit_event_is_not_emptied before truncate on audit_event for each statement execute function refuse_change()
`;
