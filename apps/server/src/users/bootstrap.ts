import { randomBytes, randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { hashPassword } from '../auth/password.ts';
import type { Database } from '../db/schema.ts';
import { insertOrganization, insertUser } from './store.ts';

export interface Bootstrap {
  readonly login: string;
  /** Shown once: only its hash is kept. */
  readonly password: string;
}

/**
 * Makes the first organization and its administrator when there is no user at all; null when there is one. The lock keeps two
 * servers that start at once from making two.
 */
export async function bootstrap(db: Kysely<Database>, now: Date, wanted: string | undefined): Promise<Bootstrap | null> {
  return db.transaction().execute(async (transaction) => {
    await sql`lock table app_user in share row exclusive mode`.execute(transaction);
    if (await transaction.selectFrom('appUser').select('id').limit(1).executeTakeFirst()) return null;
    const password = wanted ?? randomBytes(15).toString('base64url');
    const organizationId = randomUUID();
    const login = 'admin';
    const passwordHash = await hashPassword(password);
    await insertOrganization(transaction, { id: organizationId, name: 'My organization', createdAt: now });
    await insertUser(transaction, { id: randomUUID(), organizationId, login, passwordHash, role: 'manager', createdAt: now });
    return { login, password };
  });
}
