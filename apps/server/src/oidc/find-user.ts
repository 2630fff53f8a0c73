import { randomBytes, randomUUID } from 'node:crypto';
import { findBuiltInRole } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import type { OidcConfig } from '../config.ts';
import type { Database } from '../db/schema.ts';
import type { UserRow } from '../users/store.ts';
import type { Identity } from './provider.ts';

type Db = Kysely<Database>;

/**
 * The user behind an identity, made when it comes for the first time; its role is what the provider says at each login. Found by issuer
 * and subject alone: a name that somebody chose there is no proof of being who has it here. Null where nothing gives a role.
 */
export async function findOrMakeUser(
  db: Db,
  identity: Identity,
  { config, now }: { config: OidcConfig; now: Date },
): Promise<UserRow | null> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`oidc ${identity.issuer} ${identity.subject}`}, 0))`.execute(
      transaction,
    );
    const organization = await transaction
      .selectFrom('organization')
      .select('id')
      .orderBy('createdAt')
      .limit(1)
      .executeTakeFirstOrThrow();
    const role = await roleOf(transaction, organization.id, { identity, config });
    if (role === null) return null;
    const { issuer: externalIssuer, subject: externalSubject, name } = identity;
    const known = await transaction
      .updateTable('appUser')
      .set({ role, name: name.slice(0, 200) })
      .where('externalIssuer', '=', externalIssuer)
      .where('externalSubject', '=', externalSubject)
      .returningAll()
      .executeTakeFirst();
    if (known) return known;
    const user = {
      id: randomUUID(),
      organizationId: organization.id,
      role,
      name: name.slice(0, 200),
      passwordHash: '',
      createdAt: now,
    };
    return transaction
      .insertInto('appUser')
      .values({ ...user, login: await freeLogin(transaction, identity), externalIssuer, externalSubject })
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

async function roleOf(
  db: Db,
  organizationId: string,
  { identity, config }: { identity: Identity; config: OidcConfig },
): Promise<string | null> {
  const wanted = config.roles.find(({ value }) => identity.values.includes(value))?.role ?? config.defaultRole;
  if (wanted === null) return null;
  if (findBuiltInRole(wanted)) return wanted;
  const own = await db
    .selectFrom('role')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('name', '=', wanted)
    .executeTakeFirst();
  return own?.id ?? null;
}

/** As the provider calls them; where somebody has that login already, with the provider's name, then with figures. */
async function freeLogin(db: Db, { login, issuer }: Identity): Promise<string> {
  const short = login.replaceAll(/[^\w.@+-]/g, '-').slice(0, 60) || 'user';
  const candidates = [short, `${short}@${new URL(issuer).hostname}`.slice(0, 90), `${short}-${randomBytes(4).toString('hex')}`];
  const taken = await db.selectFrom('appUser').select('login').where('login', 'in', candidates).execute();
  const free = candidates.find((one) => taken.every((row) => row.login !== one));
  if (free === undefined) throw new Error('no free login was found');
  return free;
}
