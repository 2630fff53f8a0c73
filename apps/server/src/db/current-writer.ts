import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/**
 * The transaction as `written_by` names it. A statement that changes what others follow names it itself: the triggers that would are for
 * processes of before, and where tables are in shards (distribution.ts) there are none.
 */
export async function currentWriter(tx: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ writer: string }>`select pg_current_xact_id()::text as writer`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error('the database did not say which transaction this is');
  return row.writer;
}
