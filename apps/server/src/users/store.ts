import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';

type Db = Kysely<Database>;

export async function findUserByLogin(db: Db, login: string): Promise<Database['appUser'] | undefined> {
  return db.selectFrom('appUser').selectAll().where('login', '=', login).executeTakeFirst();
}

/** The person behind a caller, with the organization's name. */
export async function getMe(db: Db, caller: { organizationId: string; userId: string }) {
  return db
    .selectFrom('appUser')
    .innerJoin('organization', 'organization.id', 'appUser.organizationId')
    .select([
      'appUser.id as userId',
      'appUser.login',
      'appUser.organizationId',
      'organization.name as organization',
      'appUser.role',
    ])
    .where('appUser.organizationId', '=', caller.organizationId)
    .where('appUser.id', '=', caller.userId)
    .executeTakeFirstOrThrow();
}

export async function insertOrganization(db: Db, organization: Database['organization']): Promise<void> {
  await db.insertInto('organization').values(organization).execute();
}

export async function insertUser(db: Db, user: Database['appUser']): Promise<void> {
  await db.insertInto('appUser').values(user).execute();
}

/** Sets a new password and ends every session opened with the old one. False when there is no such user. */
export async function renewPassword(db: Db, login: string, passwordHash: string): Promise<boolean> {
  const user = await db
    .updateTable('appUser')
    .set({ passwordHash })
    .where('login', '=', login)
    .returning('id')
    .executeTakeFirst();
  if (!user) return false;
  await db.deleteFrom('session').where('userId', '=', user.id).execute();
  return true;
}
