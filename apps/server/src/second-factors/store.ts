import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

type Db = Kysely<Database>;
export type FactorRow = Selectable<Database['secondFactor']>;

/** What was begun in a session has to be ended within so long. */
const challengeLifetimeMs = 10 * 60_000;

export async function listFactors(db: Db, userId: string): Promise<FactorRow[]> {
  return db.selectFrom('secondFactor').selectAll().where('userId', '=', userId).orderBy('createdAt').orderBy('id').execute();
}

export async function hasFactor(db: Db, userId: string): Promise<boolean> {
  return (
    (await db.selectFrom('secondFactor').select('id').where('userId', '=', userId).limit(1).executeTakeFirst()) !== undefined
  );
}

export async function insertFactor(db: Db, factor: Insertable<Database['secondFactor']>): Promise<FactorRow> {
  return db.insertInto('secondFactor').values(factor).returningAll().executeTakeFirstOrThrow();
}

/**
 * Notes the use of a factor where its counter goes up: a code, or an answer of an authenticator, counts once. `mayStay`: an authenticator
 * that does not count says 0 each time (WebAuthn Level 3, 7.2 step 22). False where somebody else was faster, or it is an old one.
 */
export async function useFactor(
  db: Db,
  id: string,
  { counter, now, mayStay = false }: { readonly counter: number; readonly now: Date; readonly mayStay?: boolean },
): Promise<boolean> {
  const result = await db
    .updateTable('secondFactor')
    .set({ counter, lastUsedAt: now })
    .where('id', '=', id)
    .where(mayStay ? sql<boolean>`counter = 0` : sql<boolean>`counter < ${counter}`)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** False where the user has no such factor. With the last one the recovery codes go. */
export async function deleteFactor(db: Db, userId: string, id: string): Promise<boolean> {
  const result = await db.deleteFrom('secondFactor').where('userId', '=', userId).where('id', '=', id).executeTakeFirst();
  if (!(await hasFactor(db, userId))) await db.deleteFrom('recoveryCode').where('userId', '=', userId).execute();
  return result.numDeletedRows > 0n;
}

export async function deleteAllFactors(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('secondFactor').where('userId', '=', userId).execute();
  await db.deleteFrom('recoveryCode').where('userId', '=', userId).execute();
}

/** Keeps with the session what it has to answer to. */
export async function setChallenge(db: Db, sessionId: string, challenge: string, now: Date): Promise<void> {
  await db.updateTable('session').set({ challenge, challengeAt: now }).where('id', '=', sessionId).execute();
}

/** Takes it away: it counts once. Null where there is none, or it is too old. */
export async function takeChallenge(db: Db, sessionId: string, now: Date): Promise<string | null> {
  const { rows } = await sql<{ challenge: string | null; challengeAt: Date | null }>`
    update session set challenge = null, challenge_at = null
    from (select id, challenge, challenge_at from session where id = ${sessionId} for update) as before
    where session.id = before.id returning before.challenge, before.challenge_at`.execute(db);
  const [row] = rows;
  const isFresh = row?.challengeAt && now.getTime() - row.challengeAt.getTime() < challengeLifetimeMs;
  return isFresh ? row.challenge : null;
}

export async function countRecoveryCodes(db: Db, userId: string): Promise<number> {
  return (await db.selectFrom('recoveryCode').select('hash').where('userId', '=', userId).execute()).length;
}

/** Instead of all there were. */
export async function setRecoveryCodes(db: Db, userId: string, hashes: readonly Buffer[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction.deleteFrom('recoveryCode').where('userId', '=', userId).execute();
    await transaction
      .insertInto('recoveryCode')
      .values(hashes.map((hash) => ({ userId, hash })))
      .execute();
  });
}

/** Each counts once. */
export async function takeRecoveryCode(db: Db, userId: string, hash: Buffer): Promise<boolean> {
  const result = await db.deleteFrom('recoveryCode').where('userId', '=', userId).where('hash', '=', hash).executeTakeFirst();
  return result.numDeletedRows > 0n;
}
