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

/** The agents of these ids, in their order; null where there is none or its key was revoked, also for text that is no id at all. */
export async function findAgents(db: Kysely<Database>, ids: readonly string[]): Promise<(KnownAgent | null)[]> {
  const wanted = ids.filter((id) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
  if (wanted.length === 0) return ids.map(() => null);
  const agents = await db
    .selectFrom('agent')
    .select(['organizationId', 'assetId', 'id', 'publicKey'])
    .where('id', '=', sql<string>`any(${wanted}::uuid[])`)
    .where('revokedAt', 'is', null)
    .execute();
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  return ids.map((id) => byId.get(id) ?? null);
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
    const agents = await tx
      .selectFrom('agent')
      .select(['id', 'revokedAt'])
      .where('organizationId', '=', organizationId)
      .where('assetId', '=', assetId)
      .forUpdate()
      .execute();
    const valid = agents.filter(({ revokedAt }) => revokedAt === null).map(({ id }) => id);
    if (valid.length > 0) {
      await tx
        .updateTable('agent')
        .set({ revokedAt: now })
        .where('organizationId', '=', organizationId)
        .where('assetId', '=', assetId)
        .where('id', 'in', valid)
        .execute();
      await sql`select pg_notify(${revocationChannel}, id) from unnest(${valid}::text[]) as revoked (id)`.execute(tx);
    }
    return agents.length === 0 ? null : valid.length;
  });
}
