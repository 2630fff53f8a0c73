import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Cursor } from '../fleet-index/cursor.ts';
import { readCursor } from '../fleet-index/read-changes.ts';

/** Up to where everything has been told. */
export interface Position extends Cursor {
  readonly lookedAt: Date;
  /** When telling began: what happened before is not told. */
  readonly begunAt: Date;
}

/**
 * The position, held until the transaction ends; null while another process has it. Begins here where there is none, and anew in a
 * database that was restored: numbers of transactions of another cluster mean nothing.
 */
export async function takePosition(tx: Kysely<Database>, now: Date): Promise<Position | null> {
  const { rows: locked } = await sql<{ free: boolean }>`select pg_try_advisory_xact_lock(${lockKey}::bigint) as free`.execute(tx);
  if (!locked[0]?.free) return null;
  const { rows } = await sql<Position>`
    select snapshot, knowledge, looked_at, begun_at from notification_position where mark::text = mark_text`.execute(tx);
  const [known] = rows;
  if (known) return known;
  const begun = { ...(await readCursor(tx)), lookedAt: now, begunAt: now };
  await movePosition(tx, begun);
  return begun;
}

/** Any number that nobody else uses for advisory locks with one key. */
const lockKey = 0x5665_6404;

export async function movePosition(tx: Kysely<Database>, { snapshot, knowledge, lookedAt, begunAt }: Position): Promise<void> {
  await sql`
    insert into notification_position as known (id, snapshot, knowledge, looked_at, begun_at, mark, mark_text)
    values (1, ${snapshot}, ${knowledge}, ${lookedAt}, ${begunAt}, pg_current_xact_id(), pg_current_xact_id()::text)
    on conflict (id) do update set snapshot = excluded.snapshot, knowledge = excluded.knowledge, looked_at = excluded.looked_at,
      begun_at = excluded.begun_at, mark = excluded.mark, mark_text = excluded.mark_text`.execute(tx);
}
