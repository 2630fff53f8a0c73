import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

interface Settled {
  /** As PostgreSQL writes a snapshot. */
  readonly snapshot: string;
  /** Whether the caller sees transactions as committed that the snapshot leaves out. */
  readonly isAhead: boolean;
}

/**
 * What the caller sees, without transactions that are perhaps not committed everywhere. In a database of shards a transaction is committed at
 * the coordinator first, where it is seen from then on, and on workers next; what it wrote there is seen later. PostgreSQL has each
 * that writes hold a lock on its own number until all of that is done (docs/scale.md).
 */
export async function settledSnapshot(db: Kysely<Database>): Promise<Settled> {
  // Names no table, so that a coordinator answers it itself. Locks are looked at after the snapshot: whoever had given up his by then was done.
  // Of each transaction the oldest number: the others are of its savepoints, which no snapshot tells of.
  const { rows } = await sql<{ snapshot: string; held: string[] }>`
    select pg_current_snapshot()::text as snapshot, array(
      select distinct on (virtualtransaction) transactionid::text from pg_locks
      where locktype = 'transactionid' and mode = 'ExclusiveLock' and pid <> pg_backend_pid()
      order by virtualtransaction, age(transactionid) desc) as held`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('the database did not say where it is');
  const snapshot = withoutHeld(row.snapshot, row.held);
  return { snapshot, isAhead: snapshot !== row.snapshot };
}

/** A snapshot that sees none of these numbers, of which locks tell the lower 32 bits. */
export function withoutHeld(snapshot: string, held: readonly string[]): string {
  const [begin = '', end = '', running = ''] = snapshot.split(':');
  const next = BigInt(end);
  const known = new Set(running === '' ? [] : running.split(',').map((number) => BigInt(number)));
  // The rest of a number that lives is that of its time.
  const numbers = held.map((number) => next + BigInt.asIntN(32, BigInt(number) - next));
  const left = numbers.filter((number) => number < next && !known.has(number));
  if (left.length === 0) return snapshot;
  const unseen = [...known, ...left].sort((a, b) => (a < b ? -1 : 1));
  const [oldest = next] = unseen;
  return `${oldest < BigInt(begin) ? oldest : begin}:${end}:${unseen.join()}`;
}
