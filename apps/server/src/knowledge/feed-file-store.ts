import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../db/schema.ts';

/** A copy of a feed's file, and what its source said of it. */
export type FeedFileRow = Selectable<Database['feedFile']>;

export async function loadFeedFiles(db: Kysely<Database>, feed: string): Promise<FeedFileRow[]> {
  return db.selectFrom('feedFile').selectAll().where('feed', '=', feed).execute();
}

export async function saveFeedFiles(db: Kysely<Database>, rows: readonly FeedFileRow[]): Promise<void> {
  for (const row of rows) {
    await db
      .insertInto('feedFile')
      .values(row)
      .onConflict((conflict) => conflict.columns(['feed', 'name']).doUpdateSet(row))
      .execute();
  }
}

export async function forgetFeedFiles(db: Kysely<Database>, feed: string): Promise<void> {
  await db.deleteFrom('feedFile').where('feed', '=', feed).execute();
}
