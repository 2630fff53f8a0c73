import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * The first schema. Two histories: what assets were (inventory_change, fact_change) and what the world knew (knowledge_check,
 * statement, by knowledge version). A verdict joins a distinct package version with a check; a detection is never stored.
 * Every unique key of a table about assets holds the asset id, so that it can become a distribution column.
 */
export const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements.split(/;\n\n/)) await sql.raw(statement).execute(db);
  },
};

const statements = `
create table organization (
  id uuid primary key,
  name text not null,
  created_at timestamptz not null
);

create table app_user (
  id uuid primary key,
  organization_id uuid not null references organization,
  login text not null unique,
  password_hash text not null,
  role text not null check (role in ('manager', 'reader')),
  created_at timestamptz not null
);

create table session (
  token_hash bytea primary key,
  user_id uuid not null references app_user on delete cascade,
  organization_id uuid not null references organization,
  created_at timestamptz not null,
  expires_at timestamptz not null
);

create table api_token (
  id uuid primary key,
  organization_id uuid not null references organization,
  user_id uuid not null references app_user on delete cascade,
  name text not null,
  token_hash bytea not null unique,
  created_at timestamptz not null,
  expires_at timestamptz
);

create table activation_key (
  id uuid primary key,
  organization_id uuid not null references organization,
  name text not null,
  secret_hash bytea not null unique,
  created_at timestamptz not null,
  expires_at timestamptz,
  max_uses integer,
  uses integer not null default 0,
  revoked_at timestamptz
);

create table platform_key (
  id integer primary key,
  private_key bytea not null
);

create table asset (
  organization_id uuid not null,
  id uuid not null,
  hostname text not null,
  machine_id text not null,
  os text not null default '',
  ecosystem text not null default '',
  release text not null default '',
  architecture text not null default '',
  packages integer not null default 0,
  pending_restart boolean not null default false,
  first_seen timestamptz not null,
  last_seen timestamptz not null,
  last_scan timestamptz,
  primary key (organization_id, id)
);

create table agent (
  organization_id uuid not null,
  asset_id uuid not null,
  id uuid not null,
  public_key bytea not null,
  version text not null,
  activation_key_id uuid not null,
  enrolled_at timestamptz not null,
  last_check_in timestamptz,
  consumption jsonb,
  primary key (organization_id, asset_id, id)
);

create unique index agent_id on agent (id);

create unique index agent_public_key on agent (public_key);

create table collector_state (
  organization_id uuid not null,
  asset_id uuid not null,
  collector text not null,
  version integer not null,
  sequence integer not null,
  digest text not null,
  status text not null,
  problem text,
  row_count integer not null,
  changed_at timestamptz not null,
  last_bytes integer not null,
  snapshot_bytes integer not null,
  primary key (organization_id, asset_id, collector)
);

create table package_version (
  id integer generated always as identity primary key,
  ecosystem text not null,
  release text not null,
  role text not null check (role in ('installed', 'running', 'dormant')),
  name text not null,
  version text not null,
  architecture text not null,
  source text not null,
  source_version text not null,
  state text not null,
  version_key bytea,
  row_hash bytea not null,
  unique (ecosystem, release, role, row_hash)
);

create index package_version_source on package_version (ecosystem, release, source);

create table package_set (
  set_hash bytea primary key,
  ids integer[] not null
);

create table inventory (
  organization_id uuid not null,
  asset_id uuid not null,
  collector text not null,
  set_hash bytea not null,
  added integer[] not null,
  removed integer[] not null,
  primary key (organization_id, asset_id, collector)
);

create table inventory_change (
  organization_id uuid not null,
  asset_id uuid not null,
  collector text not null,
  change integer not null,
  at timestamptz not null,
  added integer[] not null,
  removed integer[] not null,
  primary key (organization_id, asset_id, collector, change)
);

create table fact_row (
  organization_id uuid not null,
  asset_id uuid not null,
  collector text not null,
  row_key text not null,
  row_hash bytea not null,
  body jsonb not null,
  primary key (organization_id, asset_id, collector, row_key)
);

create table fact_change (
  organization_id uuid not null,
  asset_id uuid not null,
  collector text not null,
  sequence integer not null,
  at timestamptz not null,
  added jsonb not null,
  removed jsonb not null,
  primary key (organization_id, asset_id, collector, sequence, at)
);

create table knowledge_version (
  version integer primary key,
  imported_at timestamptz not null,
  newest date,
  checks integer not null,
  starter boolean not null
);

create table feed_state (
  feed text primary key,
  location text not null,
  records integer not null,
  retrieved_at timestamptz,
  sha256 text not null,
  problem text
);

create table knowledge_input (
  feed text primary key,
  body bytea not null
);

create table knowledge_check (
  number integer not null,
  valid_from integer not null references knowledge_version,
  valid_until integer references knowledge_version,
  name text not null,
  severity smallint not null,
  published date,
  patchable boolean not null,
  hash bytea not null,
  body jsonb not null,
  primary key (number, valid_from)
);

create unique index knowledge_check_current on knowledge_check (number) where valid_until is null;

create table statement (
  id bigint generated always as identity primary key,
  check_number integer not null,
  valid_from integer not null references knowledge_version,
  valid_until integer references knowledge_version,
  ecosystem text not null,
  release text not null,
  package text not null,
  status text not null,
  introduced text,
  fixed text,
  advisory text not null,
  feed text not null,
  published date
);

create index statement_package on statement (ecosystem, release, package) where valid_until is null;

create index statement_check on statement (check_number);

create table verdict (
  package_version_id integer not null references package_version,
  check_number integer not null,
  valid_from integer not null references knowledge_version,
  valid_until integer references knowledge_version,
  from_at timestamptz not null,
  until_at timestamptz,
  statement_id bigint not null references statement,
  confidence text not null,
  fixed text,
  primary key (package_version_id, check_number, valid_from)
);

create index verdict_check on verdict (check_number);

create view presence as
select organization_id, asset_id, package_version_id, tstzrange(at, ends_at) as during
from (
  select organization_id, asset_id, package_version_id, at, present,
    lead(at) over (partition by organization_id, asset_id, collector, package_version_id order by change, present) as ends_at
  from (
    select organization_id, asset_id, collector, change, at, true as present, unnest(added) as package_version_id
    from inventory_change
    union all
    select organization_id, asset_id, collector, change, at, false, unnest(removed)
    from inventory_change
  ) as event
) as ordered_event
where present
`;
