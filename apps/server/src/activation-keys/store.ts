import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';

type Db = Kysely<Database>;
export type NewActivationKey = Omit<Database['activationKey'], 'uses' | 'revokedAt'>;

const columns = ['id', 'name', 'createdAt', 'expiresAt', 'maxUses', 'uses', 'revokedAt'] as const;

export async function listActivationKeysOf(db: Db, organizationId: string) {
  return db
    .selectFrom('activationKey')
    .select(columns)
    .where('organizationId', '=', organizationId)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}

export async function insertActivationKey(db: Db, key: NewActivationKey) {
  return db
    .insertInto('activationKey')
    .values({ ...key, revokedAt: null })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** False when the organization has no such key. Revoking twice keeps the first date. */
export async function revokeActivationKeyOf(db: Db, organizationId: string, id: string, now: Date): Promise<boolean> {
  const result = await db
    .updateTable('activationKey')
    .set({ revokedAt: sql`coalesce(revoked_at, ${now})` })
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Takes one use of the key with this secret's hash, in one statement, so that maxUses holds however many agents enroll at once.
 * Null when there is no such key, or it is revoked, expired or used up.
 */
export async function useActivationKey(
  db: Db,
  secretHash: Buffer,
  now: Date,
): Promise<{ id: string; organizationId: string } | null> {
  const row = await db
    .updateTable('activationKey')
    .set((set) => ({ uses: set('uses', '+', 1) }))
    .where('secretHash', '=', secretHash)
    .where('revokedAt', 'is', null)
    .where((where) => where.or([where('expiresAt', 'is', null), where('expiresAt', '>', now)]))
    .where((where) => where.or([where('maxUses', 'is', null), where('uses', '<', where.ref('maxUses'))]))
    .returning(['id', 'organizationId'])
    .executeTakeFirst();
  return row ?? null;
}
