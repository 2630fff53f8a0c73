import { randomUUID } from 'node:crypto';
import type { QueryEntity, SavedQuery } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

interface Owner {
  readonly organizationId: string;
  readonly userId: string;
}

/** By name: the caller's own, and those that are shared. */
export async function findSavedQueries(db: Kysely<Database>, { organizationId, userId }: Owner): Promise<SavedQuery[]> {
  const rows = await db
    .selectFrom('savedQuery')
    .innerJoin('appUser', 'appUser.id', 'savedQuery.userId')
    .selectAll('savedQuery')
    .select('appUser.login')
    .where('savedQuery.organizationId', '=', organizationId)
    .where((is) => is.or([is('savedQuery.userId', '=', userId), is('savedQuery.shared', '=', true)]))
    .orderBy(sql`lower(saved_query.name)`)
    .orderBy('savedQuery.id')
    .execute();
  return rows.map(({ id, name, about, query, shared, onDashboard, login, changedAt, ...row }) => ({
    savedQueryId: id as SavedQuery['savedQueryId'], // Ids and entities from our own table.
    name,
    about: about as QueryEntity,
    query,
    shared,
    onDashboard,
    owner: login,
    isOwn: row.userId === userId,
    changedAt: changedAt.toISOString(),
  }));
}

export async function countSavedQueries(db: Kysely<Database>, { organizationId, userId }: Owner): Promise<number> {
  const { count } = await db
    .selectFrom('savedQuery')
    .select((of) => of.fn.countAll<string>().as('count'))
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

type Text = Pick<SavedQuery, 'name' | 'about' | 'query' | 'shared' | 'onDashboard'>;

/** Enters a query; one of the same owner and name becomes it. Returns its id. */
export async function upsertSavedQuery(
  db: Kysely<Database>,
  { organizationId, userId, changedAt, name, about, query, shared, onDashboard }: Owner & Text & { readonly changedAt: Date },
): Promise<string> {
  const text = { about, query, shared, onDashboard, changedAt };
  const { id } = await db
    .insertInto('savedQuery')
    .values({ organizationId, id: randomUUID(), userId, name, ...text })
    .onConflict((conflict) => conflict.columns(['organizationId', 'userId', 'name']).doUpdateSet(text))
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Of the owner, or of anybody where it is shared and `mayShared`. False where there is none. */
export async function deleteSavedQuery(
  db: Kysely<Database>,
  { organizationId, userId, savedQueryId, mayShared }: Owner & { readonly savedQueryId: string; readonly mayShared: boolean },
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('savedQuery')
    .where('organizationId', '=', organizationId)
    .where('id', '=', savedQueryId)
    .where((is) => (mayShared ? is.or([is('userId', '=', userId), is('shared', '=', true)]) : is('userId', '=', userId)))
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}
