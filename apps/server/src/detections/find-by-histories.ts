import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { type DetectionList, type DetectionQuery, findDetections } from './store.ts';

/** Read together at first, and at most. */
const [fewAssets, manyAssets] = [16, 400];

/**
 * Detections derived from the histories. Where the whole list is read asset by asset, a statement is about a few assets only: the
 * history of each is read once, however many pages there are.
 */
export async function findByHistories(db: Kysely<Database>, query: DetectionQuery): Promise<DetectionList> {
  const isInParts = query.isWhole && query.sort === 'asset' && query.assetId === undefined;
  return isInParts ? readInParts(db, query) : findDetections(db, query);
}

/** One page. Nobody asks how many there are in all: `total` is what was read. */
async function readInParts(db: Kysely<Database>, query: DetectionQuery): Promise<DetectionList> {
  const items: DetectionList['items'] = [];
  let { after } = query;
  let from = after?.asset ?? 0;
  for (let count = fewAssets; ; count = Math.min(count * 2, manyAssets)) {
    const assets = await db
      .selectFrom('asset')
      .select(['id', 'number'])
      .where('organizationId', '=', query.organizationId)
      .where('number', '>=', from)
      .orderBy('number')
      .limit(count)
      .execute();
    const last = assets.at(-1);
    if (!last) return { total: items.length, items, next: null };
    const limit = query.limit - items.length;
    const part = await findDetections(db, { ...query, assetIds: assets.map(({ id }) => id), after, limit });
    items.push(...part.items);
    if (part.next !== null) return { total: items.length, items, next: part.next };
    [after, from] = [undefined, last.number + 1];
  }
}
