import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The module of an rpm, which decides by which statements it is judged; empty for packages of all other kinds. */
export const packageModule: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table package_version add column module text not null default ''`.execute(db);
  },
};
