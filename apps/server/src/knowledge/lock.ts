import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/** Any number that nobody else uses for advisory locks with one key. */
const key = 0x5665_6401;

/** Held while package versions are judged: the knowledge base does not change under them. */
export async function lockKnowledgeShared(tx: Kysely<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${key}::bigint)`.execute(tx);
}

/** Held while a new knowledge version is made and everything is judged again. */
export async function lockKnowledge(tx: Kysely<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${key}::bigint)`.execute(tx);
}
