import type { AssetId } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';

export interface CloneLinks {
  readonly clonedFrom: AssetId | null;
  readonly clones: AssetId[];
}

/** Assets that once shared a key with this one, because a machine was copied. */
export async function findCloneLinks(
  db: Kysely<Database>,
  { organizationId, assetId }: { organizationId: string; assetId: string },
): Promise<CloneLinks> {
  const links = await db
    .selectFrom('assetIdentity')
    .select(['assetId', 'became'])
    .distinct()
    .where('organizationId', '=', organizationId)
    .where('became', 'is not', null)
    .where((where) => where.or([where('assetId', '=', assetId), where('became', '=', assetId)]))
    .execute();
  // Ids from our own table.
  return {
    clonedFrom: (links.find(({ became }) => became === assetId)?.assetId ?? null) as AssetId | null,
    clones: links.flatMap((link) => (link.assetId === assetId && link.became !== null ? [link.became as AssetId] : [])),
  };
}
