import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { migrations } from './migrations/index.ts';
import type { Database } from './schema.ts';

/**
 * DATABASE_NEWER - a newer release has changed the database already; FAILED - a migration did not apply (and left no trace).
 */
export type MigrationErrorCode = 'DATABASE_NEWER' | 'FAILED';

export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code: MigrationErrorCode;

  constructor(code: MigrationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Brings the schema up to this program, under a lock in the database, so that several servers may start at once. Returns the
 * names of what was applied now. Throws MigrationError.
 */
export async function migrate(db: Kysely<Database>, known: Readonly<Record<string, Migration>> = migrations): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...known }) } });
  await refuseNewer(db, known);
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName;
    throw new MigrationError('FAILED', `The migration ${failed ?? 'of the database'} did not apply`, { cause: error });
  }
  return (results ?? []).map((result) => result.migrationName);
}

async function refuseNewer(db: Kysely<Database>, known: Readonly<Record<string, Migration>>): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return;
  // The migrator's own table is not part of our schema.
  const applied = await (db as unknown as Kysely<{ kyselyMigration: { name: string } }>)
    .selectFrom('kyselyMigration')
    .select('name')
    .execute();
  const unknown = applied.map((row) => row.name).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length === 0) return;
  const message = `The database was changed by a newer release of Vedette (${unknown.join(', ')}). Start that release, or restore a backup.`;
  throw new MigrationError('DATABASE_NEWER', message);
}
