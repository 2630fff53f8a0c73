import { randomBytes, randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { hashPassword } from '../auth/password.ts';
import type { Database } from '../db/schema.ts';
import { insertOrganization, insertUser, renewPassword } from './store.ts';

export interface Bootstrap {
  readonly login: string;
  /** Shown once: only its hash is kept. */
  readonly password: string;
}

export interface BootstrapOptions {
  readonly now: Date;
  /** Password to set; a random one when undefined. */
  readonly password?: string | undefined;
  /** Give the administrator that exists a new password. Whoever may start the server may do so: it owns the data. */
  readonly renew?: boolean;
}

const login = 'admin';

/**
 * Makes the first organization and its administrator when there is no user at all. When there is one: null, or a new password
 * and the end of the administrator's sessions with `renew`. The lock keeps two servers that start at once from making two.
 */
export async function bootstrap(db: Kysely<Database>, options: BootstrapOptions): Promise<Bootstrap | null> {
  const { now, password = randomBytes(15).toString('base64url'), renew = false } = options;
  return db.transaction().execute(async (transaction) => {
    await sql`lock table app_user in share row exclusive mode`.execute(transaction);
    const user = await transaction.selectFrom('appUser').select('id').limit(1).executeTakeFirst();
    if (user && !renew) return null;
    const passwordHash = await hashPassword(password);
    if (user) return (await renewPassword(transaction, login, passwordHash)) ? { login, password } : null;
    const organizationId = randomUUID();
    await insertOrganization(transaction, { id: organizationId, name: 'My organization', createdAt: now });
    await insertUser(transaction, { id: randomUUID(), organizationId, login, passwordHash, role: 'manager', createdAt: now });
    return { login, password };
  });
}
