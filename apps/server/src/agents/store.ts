import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

export interface KnownAgent {
  readonly organizationId: string;
  readonly assetId: string;
  readonly id: string;
  readonly publicKey: Buffer;
}

/** Channel of NOTIFY; the payload is an agent's id. */
export const revocationChannel = 'vedette_agent_revoked';

/** The agent of this id; null when there is none, or its key was revoked, also for text that is no id at all. */
export async function findAgent(db: Kysely<Database>, id: string): Promise<KnownAgent | null> {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return null;
  const agent = await db
    .selectFrom('agent')
    .select(['organizationId', 'assetId', 'id', 'publicKey'])
    .where('id', '=', id)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
  return agent ?? null;
}

/** Also one whose key was revoked. */
export async function findAgentByKey(
  db: Kysely<Database>,
  publicKey: Buffer,
): Promise<(KnownAgent & { readonly revokedAt: Date | null }) | null> {
  const agent = await db
    .selectFrom('agent')
    .select(['organizationId', 'assetId', 'id', 'publicKey', 'revokedAt'])
    .where('publicKey', '=', publicKey)
    .executeTakeFirst();
  return agent ?? null;
}

/** Revokes the keys of an asset's agents and tells every server process; null where the organization has no such asset. */
export async function revokeAgents(
  db: Kysely<Database>,
  { organizationId, assetId }: { readonly organizationId: string; readonly assetId: string },
  now: Date,
): Promise<number | null> {
  return db.transaction().execute(async (tx) => {
    const known = await tx
      .selectFrom('agent')
      .select('id')
      .where('organizationId', '=', organizationId)
      .where('assetId', '=', assetId)
      .executeTakeFirst();
    if (!known) return null;
    const revoked = await tx
      .updateTable('agent')
      .set({ revokedAt: now })
      .where('organizationId', '=', organizationId)
      .where('assetId', '=', assetId)
      .where('revokedAt', 'is', null)
      .returning('id')
      .execute();
    const ids = revoked.map(({ id }) => id);
    if (ids.length > 0)
      await sql`select pg_notify(${revocationChannel}, id) from unnest(${ids}::text[]) as revoked (id)`.execute(tx);
    return ids.length;
  });
}
