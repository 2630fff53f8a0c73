import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Queries under a name, deadlines by severity, and how an agent watches its machine. */
export const savedQuery: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table saved_query (
        organization_id uuid not null references organization,
        id uuid not null,
        user_id uuid not null references app_user on delete cascade,
        name text not null,
        about text not null,
        query text not null,
        shared boolean not null,
        on_dashboard boolean not null,
        changed_at timestamptz not null,
        primary key (organization_id, id),
        unique (organization_id, user_id, name)
      )`.execute(db);
    await sql`
      create table deadline (
        organization_id uuid not null references organization,
        severity integer not null check (severity between 1 and 5),
        -- Null for none. Of an organization that has chosen there is a row for every severity.
        days integer check (days > 0),
        primary key (organization_id, severity)
      )`.execute(db);
    await sql`alter table agent add column watching jsonb`.execute(db);
  },
};
