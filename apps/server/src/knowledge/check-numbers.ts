import { checkNumber, type KnowledgeInput } from '@vedette/protocol';
import { checkNames } from '@vedette/matching';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/**
 * Numbers of all checks that this input makes: computed where the name has a rule, otherwise out of the register, into which
 * names not seen before are entered, in their order. A number once given is never given to another name (adr/0006).
 */
export async function numberChecks(tx: Kysely<Database>, input: KnowledgeInput): Promise<(name: string) => number | null> {
  const names = checkNames(input.advisories)
    .filter((name) => checkNumber(name) === null && isOwnName(name))
    .toSorted();
  if (names.length === 0) return checkNumber;
  await sql`
    insert into check_number (name)
    select name from unnest(${names}::text[]) with ordinality as new (name, place)
    where not exists (select from check_number where check_number.name = new.name)
    order by place`.execute(tx);
  const rows = await sql<{ name: string; number: number }>`
    select name, number from check_number where name = any(${names}::text[])`.execute(tx);
  const registered = new Map(rows.rows.map(({ name, number }) => [name, number]));
  return (name) => checkNumber(name) ?? registered.get(name) ?? null;
}

/** Not a CVE that cannot be one, and not a name that a feed of ours made up (`debian-changelog:jq:1.6-2`). */
function isOwnName(name: string): boolean {
  return !name.startsWith('CVE-') && !/^[a-z-]+:/.test(name);
}
