import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { inParts } from '../knowledge/in-parts.ts';
import type { IndexedAsset } from './asset-table.ts';
import { type ChangeRow, changeColumns, parseNumbers } from './read-histories.ts';

/** What has to be undone to have the packages of an asset as they were at a moment. */
export interface ChangesSince {
  /** Time of the newest change, in ms since 1970. */
  readonly newest: number;
  /** Package versions that were not there at the moment, and those that were. */
  readonly came: readonly number[];
  readonly went: readonly number[];
}

/** Assets of which the changes are read at a time. */
const part = 2000;

/** Package changes after a moment of these assets, by their numbers; of those alone that have any. */
export async function readChangesSince(
  db: Kysely<Database>,
  { organizationId, moment }: { readonly organizationId: string; readonly moment: number },
  assets: readonly IndexedAsset[],
): Promise<Map<number, ChangesSince>> {
  const changes = new Map<number, ChangesSince>();
  for (const some of inParts(assets, part)) {
    const { rows } = await sql<ChangeRow>`
      select asset.number, ${changeColumns}
      from inventory_change
      join unnest(${some.map(({ assetId }) => assetId)}::uuid[], ${some.map(({ number }) => number)}::integer[]) as asset (id, number)
        on asset.id = asset_id
      where organization_id = ${organizationId} and at > ${new Date(moment)}
      order by asset_id, collector, change`.execute(db);
    for (const [number, own] of Map.groupBy(rows, (row) => row.number)) changes.set(number, undoing(own));
  }
  return changes;
}

/** The oldest change of a package version by a collector tells what was before. */
function undoing(rows: readonly ChangeRow[]): ChangesSince {
  const [came, went] = [new Set<number>(), new Set<number>()];
  for (const [, changes] of Map.groupBy(rows, ({ collector }) => collector)) {
    const seen = new Set<number>();
    for (const { added, removed } of changes) {
      // In one change what goes goes before something comes.
      for (const id of parseNumbers(removed)) if (!seen.has(id)) went.add(id);
      for (const id of parseNumbers(removed)) seen.add(id);
      for (const id of parseNumbers(added)) if (!seen.has(id)) came.add(id);
      for (const id of parseNumbers(added)) seen.add(id);
    }
  }
  return { newest: Math.max(...rows.map(({ at }) => at)), came: [...came].filter((id) => !went.has(id)), went: [...went] };
}
