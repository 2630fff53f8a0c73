import { type Kysely, sql } from 'kysely';
import type { SchemaMigration } from './migrations/schema-migration.ts';

export interface IndexPlan {
  readonly name: string;
  readonly table: string;
  /** What `create index` has behind the table: `(organization_id, at) where …`. */
  readonly of: string;
}

/**
 * Builds an index while its table is read and written, also of a table in parts, each of which is built by itself. What a failed or killed
 * start left behind is invalid: PostgreSQL keeps it up to date and uses it for nothing. It is dropped and built again.
 */
export function concurrentIndex({ name, table, of }: IndexPlan): SchemaMigration {
  return {
    isResumed: true,
    async up(db: Kysely<unknown>): Promise<void> {
      if (!(await isInParts(db, table))) return build(db, { name, table, of });
      // Invalid until every part has its own. A part that comes meanwhile brings one along.
      await sql`create index if not exists ${sql.id(name)} on only ${sql.table(table)} ${sql.raw(of)}`.execute(db);
      for (;;) {
        const [part] = await partsWithout(db, name, table);
        if (part === undefined) return;
        await build(db, { name: `${part}_${name}`, table: part, of });
        await sql`alter index ${sql.id(name)} attach partition ${sql.id(`${part}_${name}`)}`.execute(db);
      }
    },
  };
}

/** Waits for all who write to the table to end, as long as it takes: nobody else waits for that but who changes the schema, or a vacuum. */
async function build(db: Kysely<unknown>, { name, table, of }: IndexPlan): Promise<void> {
  const { rows } = await sql<{ valid: boolean }>`
    select indisvalid as valid from pg_index where indexrelid = to_regclass(${name})`.execute(db);
  if (rows[0]?.valid) return;
  const { rows: limits } = await sql<{ before: string }>`
    select current_setting('lock_timeout') as before, set_config('lock_timeout', '0', false)`.execute(db);
  if (rows.length > 0) await sql`drop index concurrently ${sql.id(name)}`.execute(db);
  await sql`create index concurrently ${sql.id(name)} on ${sql.table(table)} ${sql.raw(of)}`.execute(db);
  await sql`select set_config('lock_timeout', ${limits[0]?.before}, false)`.execute(db);
}

async function isInParts(db: Kysely<unknown>, table: string): Promise<boolean> {
  const { rows } = await sql`select from pg_class where oid = to_regclass(${table}) and relkind = 'p'`.execute(db);
  return rows.length > 0;
}

async function partsWithout(db: Kysely<unknown>, name: string, table: string): Promise<string[]> {
  const { rows } = await sql<{ part: string }>`
    select part.inhrelid::regclass::text as part from pg_inherits as part
    where part.inhparent = to_regclass(${table}) and not exists (
      select from pg_index join pg_inherits as attached on attached.inhrelid = indexrelid
      where indrelid = part.inhrelid and attached.inhparent = to_regclass(${name}))
    order by 1`.execute(db);
  return rows.map(({ part }) => part);
}
