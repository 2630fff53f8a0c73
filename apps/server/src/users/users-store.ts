import { builtInRoles, type UserSorting } from '@vedette/protocol';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { byFigure, byNewest, byText, findSorted, type SortedPage, type SortedPart, type SortKey } from '../http/list-cursor.ts';

type Db = Kysely<Database>;

export interface UserKey {
  readonly organizationId: string;
  readonly userId: string;
}

export interface ListedUser {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly role: string;
  readonly scope: string | null;
  readonly createdAt: Date;
  readonly lastLogin: Date | null;
  readonly disabledAt: Date | null;
  readonly hasPassword: boolean;
  readonly customRole: string | null;
  readonly secondFactors: number;
}

const login: SortKey = { by: sql`login`, type: 'text' };
const builtInNames = JSON.stringify(Object.fromEntries(Object.entries(builtInRoles).map(([role, { name }]) => [role, name])));

const sortKeys: Readonly<Record<UserSorting, readonly SortKey[]>> = {
  login: [...byText(sql`login`), login],
  name: [...byText(sql`name`), login],
  role: [...byText(sql`coalesce(${builtInNames}::jsonb ->> role, custom_role, role)`), login],
  scope: [...byText(sql`scope`), login],
  secondFactors: [...byFigure(sql`second_factors`), login],
  lastLogin: [...byNewest(sql`last_login`), login],
  state: [{ by: sql`(disabled_at is not null)::integer`, type: 'number' }, login],
  createdAt: [...byNewest(sql`created_at`), login],
};

/** Users of an organization in an order, all or a part of them. */
export function listUsersOf(db: Db, organizationId: string, part: SortedPart<UserSorting>): Promise<SortedPage<ListedUser>> {
  return findSorted(db, selectUsers(organizationId), sortKeys[part.sort], part);
}

export async function findUser(db: Db, { organizationId, userId }: UserKey): Promise<ListedUser | null> {
  const { rows } = await sql<ListedUser>`${selectUsers(organizationId)} and app_user.id = ${userId}`.execute(db);
  return rows[0] ?? null;
}

function selectUsers(organizationId: string): RawBuilder<unknown> {
  return sql`
    select app_user.id, login, app_user.name, app_user.role, app_user.scope, app_user.created_at, last_login, disabled_at,
      password_hash <> '' as has_password, role.name as custom_role, 
      (select count(*)::integer from second_factor where second_factor.user_id = app_user.id) as second_factors
    from app_user
    left join role on role.organization_id = app_user.organization_id and role.id::text = app_user.role
    where app_user.organization_id = ${organizationId}`;
}

/**
 * Keeps others from changing who is a manager meanwhile, and then says whether anybody else is left who may decide about roles and users.
 * Call it in the transaction of the change.
 */
export async function isLastManager(transaction: Db, { organizationId, userId }: UserKey): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`managers ${organizationId}`}, 0))`.execute(transaction);
  const { rows } = await sql<{ id: string }>`
    select id from app_user where organization_id = ${organizationId} and role = 'manager' and disabled_at is null and scope is null`.execute(
    transaction,
  );
  return rows.length > 0 && rows.every(({ id }) => id === userId);
}

export async function listRolesOf(db: Db, organizationId: string) {
  return db.selectFrom('role').selectAll().where('organizationId', '=', organizationId).orderBy('name').execute();
}

/** By role. */
export async function countUsersByRole(db: Db, organizationId: string): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('appUser')
    .select(({ fn }) => ['role', fn.countAll<number>().as('users')])
    .where('organizationId', '=', organizationId)
    .groupBy('role')
    .execute();
  return new Map(rows.map(({ role, users }) => [role, Number(users)]));
}
