import { type RawBuilder, sql } from 'kysely';

/** Up to where a reader knows the database: a settled snapshot (settledSnapshot), and the knowledge version in it. */
export interface Cursor {
  readonly snapshot: string;
  readonly knowledge: number;
}

/** Rows that transactions wrote which the cursor does not see, whatever the order in which they began and ended. `writer`: the column. */
export function isNew({ snapshot }: Cursor, writer: string): RawBuilder<boolean> {
  const column = sql.ref(writer);
  return sql`(${column} >= pg_snapshot_xmin(${snapshot}::pg_snapshot) and not pg_visible_in_snapshot(${column}, ${snapshot}::pg_snapshot))`;
}

/**
 * Rows whose turn has come by the cursor. With isNew of the one before, no committed row is ever missed, and none read twice, although
 * nodes of a database in shards show some of them before that.
 */
export function isSettled({ snapshot }: Cursor, writer: string): RawBuilder<boolean> {
  return sql`pg_visible_in_snapshot(${sql.ref(writer)}, ${snapshot}::pg_snapshot)`;
}

/** The same of verdicts, whose rows have a second turn, when they end. */
export function isMade(cursor: Cursor): RawBuilder<boolean> {
  return sql`coalesce(${isSettled(cursor, 'verdict.inserted_by')}, true)`;
}

/** When a verdict ended; null where its turn to end has not come. */
export function untilAt(cursor: Cursor): RawBuilder<Date | null> {
  return sql`case when ${isSettled(cursor, 'verdict.written_by')} then until_at end`;
}
