import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/**
 * Numbers of checks whose names no rule gives one: out of the register, into which names not seen before are entered, in their
 * order. A number once given is never given to another name (adr/0006).
 */
export async function numberChecks(tx: Kysely<Database>, unordered: readonly string[]): Promise<Map<string, number>> {
  const names = unordered.toSorted();
  if (names.length === 0) return new Map();
  await sql`
    insert into check_number (name)
    select name from unnest(${names}::text[]) with ordinality as new (name, place)
    where not exists (select from check_number where check_number.name = new.name)
    order by place`.execute(tx);
  const { rows } = await sql<{ name: string; number: number }>`
    select name, number from check_number where name = any(${names}::text[])`.execute(tx);
  return new Map(rows.map(({ name, number }) => [name, number]));
}
