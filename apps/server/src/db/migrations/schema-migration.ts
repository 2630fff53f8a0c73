import type { Migration } from 'kysely/migration';

/**
 * A step of the schema. `up` runs in a transaction of its own, in which it is recorded, too. It may be begun several times, since it gives way
 * to whoever holds a lock that it waits for. With `isResumed` it runs in none: what failed half way is there when it begins again.
 */
export interface SchemaMigration extends Migration {
  readonly isResumed?: true;
}
