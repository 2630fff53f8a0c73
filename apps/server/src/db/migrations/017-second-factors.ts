import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Second factors, who has to have one, and logins by an OpenID provider. */
export const secondFactors: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements.split(/;\n\n/)) await sql.raw(statement).execute(db);
  },
};

const statements = `
create table second_factor (
  id uuid primary key,
  organization_id uuid not null references organization,
  user_id uuid not null references app_user on delete cascade,
  kind text not null check (kind in ('totp', 'webauthn')),
  name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  -- totp: the shared key; webauthn: the public key (COSE).
  key bytea not null,
  credential_id text unique,
  transports text[] not null default '{}',
  -- totp: the last time step that was used; webauthn: the authenticator's signature counter.
  counter bigint not null default 0
);

create index second_factor_user on second_factor (user_id);

create table recovery_code (
  user_id uuid not null references app_user on delete cascade,
  hash bytea not null,
  primary key (user_id, hash)
);

-- Whoever has one of these roles must have a second factor.
alter table organization add column second_factor_roles text[] not null default '{}';

alter table session
  add column via text not null default 'password',
  add column challenge text,
  add column challenge_at timestamptz;

alter table app_user
  add column external_issuer text,
  add column external_subject text;

create unique index app_user_external on app_user (external_issuer, external_subject);

-- Logins that were sent to an OpenID provider and are not back yet.
create table login_attempt (
  state_hash bytea primary key,
  browser_hash bytea not null,
  nonce text not null,
  code_verifier text not null,
  redirect_uri text not null,
  next text not null,
  expires_at timestamptz not null
)
`;
