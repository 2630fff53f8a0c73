import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';

export interface KnownAgent {
  readonly organizationId: string;
  readonly assetId: string;
  readonly id: string;
  readonly publicKey: Buffer;
}

/** The agent of this id; null when there is none, also for text that is no id at all. */
export async function findAgent(db: Kysely<Database>, id: string): Promise<KnownAgent | null> {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return null;
  const agent = await db
    .selectFrom('agent')
    .select(['organizationId', 'assetId', 'id', 'publicKey'])
    .where('id', '=', id)
    .executeTakeFirst();
  return agent ?? null;
}

export async function findAgentByKey(db: Kysely<Database>, publicKey: Buffer): Promise<KnownAgent | null> {
  const agent = await db
    .selectFrom('agent')
    .select(['organizationId', 'assetId', 'id', 'publicKey'])
    .where('publicKey', '=', publicKey)
    .executeTakeFirst();
  return agent ?? null;
}
