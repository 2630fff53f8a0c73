import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Package versions that no check was held against yet. What agents send is acknowledged first and judged after: whoever dies in between
 * leaves its work here. A table of its own, because a flag would rewrite a wide row of package_version for each.
 */
export const unjudged: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create table unjudged (
        package_version_id integer primary key references package_version
      )`.execute(db);
    // A verdict is written from rows that were just read and are never deleted. Looking them up once more for each cost more than half
    // of what judging takes.
    await sql`
      alter table verdict
        drop constraint verdict_package_version_id_fkey,
        drop constraint verdict_valid_from_fkey,
        drop constraint verdict_valid_until_fkey,
        drop constraint verdict_statement_id_fkey`.execute(db);
  },
};
