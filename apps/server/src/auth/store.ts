import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Caller } from './authenticate.ts';

type Db = Kysely<Database>;

export async function insertSession(db: Db, session: Database['session']): Promise<void> {
  // Whoever logs in sweeps up what has ended; there is no other moment that needs it.
  await db.deleteFrom('session').where('expiresAt', '<=', session.createdAt).execute();
  await db.insertInto('session').values(session).execute();
}

export async function deleteSession(db: Db, tokenHash: Buffer): Promise<void> {
  await db.deleteFrom('session').where('tokenHash', '=', tokenHash).execute();
}

export async function findCallerBySession(db: Db, tokenHash: Buffer, now: Date): Promise<Caller | null> {
  const row = await db
    .selectFrom('session')
    .innerJoin('appUser', 'appUser.id', 'session.userId')
    .select(['session.organizationId', 'session.userId', 'appUser.login', 'appUser.role'])
    .where('session.tokenHash', '=', tokenHash)
    .where('session.expiresAt', '>', now)
    .executeTakeFirst();
  return row ?? null;
}

export async function findCallerByToken(db: Db, tokenHash: Buffer, now: Date): Promise<Caller | null> {
  const row = await db
    .selectFrom('apiToken')
    .innerJoin('appUser', 'appUser.id', 'apiToken.userId')
    .select(['apiToken.organizationId', 'apiToken.userId', 'appUser.login', 'appUser.role'])
    .where('apiToken.tokenHash', '=', tokenHash)
    .where((where) => where.or([where('apiToken.expiresAt', 'is', null), where('apiToken.expiresAt', '>', now)]))
    .executeTakeFirst();
  return row ?? null;
}

export async function insertApiToken(db: Db, token: Database['apiToken']): Promise<void> {
  await db.insertInto('apiToken').values(token).execute();
}

export async function listApiTokensOf(db: Db, caller: Caller): Promise<Omit<Database['apiToken'], 'tokenHash'>[]> {
  return db
    .selectFrom('apiToken')
    .select(['id', 'organizationId', 'userId', 'name', 'createdAt', 'expiresAt'])
    .where('organizationId', '=', caller.organizationId)
    .where('userId', '=', caller.userId)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}

/** False when the caller has no such token. */
export async function deleteApiTokenOf(db: Db, caller: Caller, id: string): Promise<boolean> {
  const result = await db
    .deleteFrom('apiToken')
    .where('organizationId', '=', caller.organizationId)
    .where('userId', '=', caller.userId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
