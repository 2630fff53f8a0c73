import type { ApiTokenSorting, EndedSessions, LoginStage } from '@vedette/protocol';
import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { byNewest, bySoonest, byText, findSorted, type SortedPage, type SortedPart, type SortKey } from '../http/list-cursor.ts';

type Db = Kysely<Database>;

/** Sessions end after so long, however much they are used … */
export const sessionLifetimeMs = 12 * 3600_000;
/** … and earlier when they are not used for so long. */
export const sessionIdleMs = 2 * 3600_000;
/** When something was last used is kept to so much: not every request shall write. */
const touchEveryMs = 60_000;

/** What decides what a caller may do. */
export interface CallerRow {
  readonly organizationId: string;
  readonly userId: string;
  readonly login: string;
  readonly role: string;
  readonly userScope: string | null;
  /** Of a role of the organization; null for built-in ones and those that are gone. */
  readonly rolePermissions: string[] | null;
  readonly roleScope: string | null;
  readonly lastUsedAt: Date | null;
}

export interface SessionRow extends CallerRow {
  readonly sessionId: string;
  readonly stage: LoginStage;
  readonly loggedInAt: Date;
}

export interface TokenRow extends CallerRow {
  readonly tokenId: string;
  readonly tokenName: string;
  readonly tokenPermissions: string[] | null;
  readonly tokenExpiresAt: Date | null;
}

const callerColumns = sql`
  app_user.organization_id, app_user.id as user_id, app_user.login, app_user.role, app_user.scope as user_scope,
  role.permissions as role_permissions, role.scope as role_scope`;

const roleOfUser = sql`left join role on role.organization_id = app_user.organization_id and role.id::text = app_user.role`;

export async function findSession(db: Db, tokenHash: Buffer, now: Date): Promise<SessionRow | null> {
  const { rows } = await sql<SessionRow>`
    select ${callerColumns}, session.id as session_id, session.last_used_at, session.created_at as logged_in_at,
      case when session.stage <> 'complete' then session.stage
        when session.via <> 'password' then 'complete'
        when app_user.must_change_password then 'change-password'
        when app_user.role = any(organization.second_factor_roles)
          and not exists (select from second_factor where second_factor.user_id = app_user.id) then 'enrol'
        else 'complete' end as stage
    from session
    join app_user on app_user.id = session.user_id
    join organization on organization.id = app_user.organization_id
    ${roleOfUser}
    where session.token_hash = ${tokenHash} and session.expires_at > ${now} and app_user.disabled_at is null
      and coalesce(session.last_used_at, session.created_at) > ${new Date(now.getTime() - sessionIdleMs)}`.execute(db);
  return rows[0] ?? null;
}

export async function findToken(db: Db, tokenHash: Buffer, now: Date): Promise<TokenRow | null> {
  const { rows } = await sql<TokenRow>`
    select ${callerColumns}, api_token.id as token_id, api_token.name as token_name, api_token.permissions as token_permissions,
      api_token.expires_at as token_expires_at, api_token.last_used_at
    from api_token join app_user on app_user.id = api_token.user_id ${roleOfUser}
    where api_token.token_hash = ${tokenHash} and (api_token.expires_at is null or api_token.expires_at > ${now})
      and app_user.disabled_at is null`.execute(db);
  return rows[0] ?? null;
}

/** What decides what a user may now, whether they are logged in or not; null where they are gone or disabled. */
export async function findUserRights(db: Db, { organizationId, userId }: Owner): Promise<CallerRow | null> {
  const { rows } = await sql<CallerRow>`
    select ${callerColumns}, null as last_used_at
    from app_user ${roleOfUser}
    where app_user.organization_id = ${organizationId} and app_user.id = ${userId} and app_user.disabled_at is null`.execute(db);
  return rows[0] ?? null;
}

function isRecent(at: Date | null, now: Date): boolean {
  return at !== null && now.getTime() - at.getTime() < touchEveryMs;
}

export async function touchSession(db: Db, { sessionId, lastUsedAt }: SessionRow, now: Date): Promise<void> {
  if (isRecent(lastUsedAt, now)) return;
  await db.updateTable('session').set({ lastUsedAt: now }).where('id', '=', sessionId).execute();
}

export async function touchToken(
  db: Db,
  { tokenId, lastUsedAt }: TokenRow,
  { address, now }: { readonly address: string; readonly now: Date },
): Promise<void> {
  if (isRecent(lastUsedAt, now)) return;
  await db.updateTable('apiToken').set({ lastUsedAt: now, lastAddress: address }).where('id', '=', tokenId).execute();
}

export async function insertSession(db: Db, session: Insertable<Database['session']> & { createdAt: Date }): Promise<void> {
  // Whoever logs in sweeps up what has ended; there is no other moment that needs it.
  await db.deleteFrom('session').where('expiresAt', '<=', session.createdAt).execute();
  await db.insertInto('session').values(session).execute();
}

export async function deleteSession(db: Db, tokenHash: Buffer): Promise<void> {
  await db.deleteFrom('session').where('tokenHash', '=', tokenHash).execute();
}

interface Owner {
  readonly organizationId: string;
  readonly userId: string;
}

/** Sessions of a user that can still be used, the one used last first. */
export async function listSessionsOf(db: Db, { userId }: Owner, now: Date): Promise<Selectable<Database['session']>[]> {
  return db
    .selectFrom('session')
    .selectAll()
    .where('userId', '=', userId)
    .where('expiresAt', '>', now)
    .where(sql<boolean>`coalesce(last_used_at, created_at) > ${new Date(now.getTime() - sessionIdleMs)}`)
    .orderBy(sql`coalesce(last_used_at, created_at)`, 'desc')
    .execute();
}

/** False when the user has no such session. */
export async function endSessionOf(db: Db, { userId }: Owner, id: string): Promise<boolean> {
  const result = await db.deleteFrom('session').where('userId', '=', userId).where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Ends all sessions of a user, or all but one. */
export async function endSessionsOf(db: Db, userId: string, except: string | null = null): Promise<void> {
  let ending = db.deleteFrom('session').where('userId', '=', userId);
  if (except !== null) ending = ending.where('id', '<>', except);
  await ending.execute();
}

/** Ends all sessions of a user; how many could still be used. */
async function countEndedSessionsOf(db: Db, userId: string, now: Date): Promise<number> {
  const { rows } = await sql<{ isUsable: boolean }>`
    delete from session where user_id = ${userId}
    returning expires_at > ${now} and coalesce(last_used_at, created_at) > ${new Date(now.getTime() - sessionIdleMs)} as is_usable`.execute(
    db,
  );
  return rows.filter(({ isUsable }) => isUsable).length;
}

export async function insertApiToken(db: Db, token: Insertable<Database['apiToken']>): Promise<void> {
  await db.insertInto('apiToken').values(token).execute();
}

/** API tokens of a user, also those that have ended. */
export async function countApiTokensOf(db: Db, { organizationId, userId }: Owner): Promise<number> {
  const { count } = await db
    .selectFrom('apiToken')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export type ApiTokenRow = Omit<Selectable<Database['apiToken']>, 'tokenHash' | 'madeWith'>;

const oldest: readonly SortKey[] = [...bySoonest(sql`created_at`), { by: sql`id::text`, type: 'text' }];

const tokenSortKeys: Readonly<Record<ApiTokenSorting, readonly SortKey[]>> = {
  createdAt: oldest,
  name: [...byText(sql`name`), ...oldest],
  expiresAt: [...bySoonest(sql`expires_at`), ...oldest],
  permissions: [...byText(sql`array_to_string(permissions, ', ')`), ...oldest],
  lastUsedAt: [...byNewest(sql`last_used_at`), ...oldest],
};

/** API tokens of a user in an order, all or a part of them. */
export async function listApiTokensOf(
  db: Db,
  { organizationId, userId }: Owner,
  part: SortedPart<ApiTokenSorting>,
): Promise<SortedPage<ApiTokenRow>> {
  const own = sql`
    select id, organization_id, user_id, name, created_at, expires_at, permissions, last_used_at, last_address
    from api_token where organization_id = ${organizationId} and user_id = ${userId}`;
  return findSorted(db, own, tokenSortKeys[part.sort], part);
}

/** Revokes all API tokens of a user; how many could still be used. */
async function revokeTokensOf(db: Db, userId: string, now: Date): Promise<number> {
  const { rows } = await sql<{ isUsable: boolean }>`
    delete from api_token where user_id = ${userId} returning expires_at is null or expires_at > ${now} as is_usable`.execute(db);
  return rows.filter(({ isUsable }) => isUsable).length;
}

/** Ends what a user is logged in with: sessions and, where asked for, API tokens; how many could still be used. */
export async function logOutEverywhere(
  db: Db,
  { userId }: Pick<Owner, 'userId'>,
  { tokens, now }: { readonly tokens: 'keep' | 'revoke'; readonly now: Date },
): Promise<EndedSessions> {
  return db.transaction().execute(async (tx) => {
    const ended = await countEndedSessionsOf(tx, userId, now);
    return { ended, revokedTokens: tokens === 'revoke' ? await revokeTokensOf(tx, userId, now) : 0 };
  });
}

/** False when the caller has no such token. */
export async function deleteApiTokenOf(db: Db, owner: Owner, id: string): Promise<boolean> {
  const result = await db
    .deleteFrom('apiToken')
    .where('organizationId', '=', owner.organizationId)
    .where('userId', '=', owner.userId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
