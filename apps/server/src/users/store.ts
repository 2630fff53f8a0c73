import { findBuiltInRole, type Me } from '@vedette/protocol';
import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { Caller } from '../auth/authenticate.ts';
import { forgiveLogin } from '../auth/login-guard.ts';
import { endSessionsOf } from '../auth/store.ts';
import type { Database } from '../db/schema.ts';
import { deleteAllFactors } from '../second-factors/store.ts';

type Db = Kysely<Database>;
export type UserRow = Selectable<Database['appUser']>;

export async function findUserByLogin(db: Db, login: string): Promise<UserRow | undefined> {
  return db.selectFrom('appUser').selectAll().where('login', '=', login).executeTakeFirst();
}

/** The person behind a caller, as far as the login goes: whoever has yet to give a second factor is told no more than the login. */
export async function describeCaller(db: Db, caller: Caller): Promise<Me> {
  const { organizationId, userId, role, stage } = caller;
  const row = await db
    .selectFrom('appUser')
    .innerJoin('organization', 'organization.id', 'appUser.organizationId')
    .leftJoin('role', (join) =>
      join.onRef('role.organizationId', '=', 'appUser.organizationId').on(sql<boolean>`role.id::text = app_user.role`),
    )
    .select(['appUser.login', 'appUser.name', 'organization.name as organization', 'role.name as roleName'])
    .where('appUser.organizationId', '=', organizationId)
    .where('appUser.id', '=', userId)
    .executeTakeFirstOrThrow();
  const isKnown = stage !== 'second-factor';
  return {
    ...row,
    userId: userId as Me['userId'], // ids of our own
    organizationId: organizationId as Me['organizationId'],
    role,
    roleName: findBuiltInRole(role)?.name ?? row.roleName ?? '',
    permissions: isKnown ? [...caller.permissions] : [],
    scope:
      isKnown && caller.scopes.length > 0
        ? caller.scopes.map((scope) => (caller.scopes.length > 1 ? `(${scope})` : scope)).join(' and ')
        : null,
    stage,
  };
}

/** What others know of a person, and would try first. */
export async function loadNames(db: Db, caller: { organizationId: string; userId: string }): Promise<string[]> {
  const row = await db
    .selectFrom('appUser')
    .innerJoin('organization', 'organization.id', 'appUser.organizationId')
    .select(['appUser.login', 'appUser.name', 'organization.name as organization'])
    .where('appUser.organizationId', '=', caller.organizationId)
    .where('appUser.id', '=', caller.userId)
    .executeTakeFirstOrThrow();
  return [row.login, ...row.name.split(/\s+/), row.organization];
}

export async function insertOrganization(db: Db, organization: Insertable<Database['organization']>): Promise<void> {
  await db.insertInto('organization').values(organization).execute();
}

export async function insertUser(db: Db, user: Insertable<Database['appUser']>): Promise<void> {
  await db.insertInto('appUser').values(user).execute();
}

/**
 * Lets a user in again who is locked out: a new password, no second factors, not disabled; sessions end. False when there is no such user.
 */
export async function renewPassword(db: Db, login: string, passwordHash: string): Promise<boolean> {
  const user = await db
    .updateTable('appUser')
    .set({ passwordHash, disabledAt: null })
    .where('login', '=', login)
    .returning('id')
    .executeTakeFirst();
  if (!user) return false;
  await deleteAllFactors(db, user.id);
  await forgiveLogin(db, login);
  await endSessionsOf(db, user.id);
  return true;
}
