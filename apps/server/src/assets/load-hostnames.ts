import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';

/** Host names by asset. By themselves, for what lies elsewhere than assets do: joined, a database in shards would fetch all of them. */
export async function loadHostnames(
  db: Kysely<Database>,
  organizationId: string,
  assetIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (assetIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('asset')
    .select(['id', 'hostname'])
    .where('organizationId', '=', organizationId)
    .where('id', 'in', [...new Set(assetIds)])
    .execute();
  return new Map(rows.map(({ id, hostname }) => [id, hostname]));
}
