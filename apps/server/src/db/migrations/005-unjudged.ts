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
  },
};
