import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a refresh must remember to fetch only what changed, and what a person said of a feed that shrank. */
export const feedRefresh: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      alter table feed_state
        add column checked_at timestamptz,
        add column tried_at timestamptz,
        add column refused_records integer,
        add column accepted_records integer,
        add column complete_at timestamptz,
        add column changes_until text,
        add column cves integer,
        add column imported boolean not null default true`.execute(db);
    await sql`update feed_state set checked_at = retrieved_at, complete_at = retrieved_at, tried_at = retrieved_at`.execute(db);
    // Copies in the data directory: a source that says "not modified" means them.
    await sql`
      create table feed_file (
        feed text not null,
        name text not null,
        url text not null,
        etag text,
        last_modified text,
        bytes bigint not null,
        sha256 text not null,
        retrieved_at timestamptz not null,
        primary key (feed, name)
      )`.execute(db);
  },
};
