import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * What checks, statements and verdicts point to was written or read by the same transaction and is never deleted: looking each of it up once
 * more took a sixth of the time of judging, and a tenth of that of an import.
 */
export const fewerKeys: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table verdict drop constraint verdict_considered_id_fkey`.execute(db);
    for (const table of ['knowledge_check', 'statement'])
      await sql`
        alter table ${sql.table(table)}
          drop constraint ${sql.ref(`${table}_valid_from_fkey`)},
          drop constraint ${sql.ref(`${table}_valid_until_fkey`)}`.execute(db);
  },
};
