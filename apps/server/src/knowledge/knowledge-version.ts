import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

/** The newest one, or that of a moment; 0 before the first. */
export async function knowledgeVersion(db: Kysely<Database>, moment: Date | null): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    select coalesce(max(version), 0) as version from knowledge_version
    where ${moment === null ? sql`true` : sql`imported_at <= ${moment}`}`.execute(db);
  return rows[0]?.version ?? 0;
}
