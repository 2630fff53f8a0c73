import { findBuiltInRole, type LoginStage, type Permission, permissions } from '@vedette/protocol';
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { isSecure } from '../config.ts';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { hashSecret } from './secret.ts';
import { type CallerRow, findSession, findToken, findUserRights, type SessionRow, touchSession, touchToken } from './store.ts';

/** Who asks. Every query about an organization's things takes organizationId from here. */
export interface Caller {
  readonly organizationId: string;
  readonly userId: string;
  readonly login: string;
  /** Name of a built-in role, or the id of one of the organization. */
  readonly role: string;
  readonly permissions: ReadonlySet<Permission>;
  /** In the query language: an asset has to fit all of them to be seen. */
  readonly scopes: readonly string[];
  /** May not read assets, or may see those of a scope that nobody has given. */
  readonly seesNoAsset: boolean;
  readonly stage: LoginStage;
  readonly sessionId: string | null;
  /** When the session began; null with a token. */
  readonly loggedInAt: Date | null;
  /** Of the API token, where one was sent. */
  readonly tokenId: string | null;
  readonly tokenName: string | null;
  /** When that token ends; null: never, or there is none. */
  readonly tokenExpiresAt: Date | null;
}

/** The caller by API token or session cookie; null when neither is valid (any more). */
export async function authenticate(context: Context, request: FastifyRequest): Promise<Caller | null> {
  const { db, clock } = context;
  const { authorization } = request.headers;
  // A token that was sent decides alone: falling back to the cookie would bypass the check of the request's origin.
  if (authorization !== undefined) {
    if (!authorization.startsWith('Bearer ')) return null;
    const token = await findToken(db, hashSecret(authorization.slice('Bearer '.length)), clock());
    if (!token) return null;
    await touchToken(db, token, { address: request.ip, now: clock() });
    const caller = toCaller(token);
    if (!caller) return null;
    const { tokenPermissions, tokenId, tokenName, tokenExpiresAt } = token;
    // Never more than the owner may at this moment, whatever it was made with.
    const may = tokenPermissions ? [...caller.permissions].filter((one) => tokenPermissions.includes(one)) : caller.permissions;
    return withPermissions({ ...caller, stage: 'complete', tokenId, tokenName, tokenExpiresAt }, new Set(may));
  }
  const cookie = request.cookies[sessionCookieName(context)];
  if (cookie === undefined) return null;
  return callerOfSession(db, hashSecret(cookie), clock());
}

/** The caller by the hash of a session's secret. */
export async function callerOfSession(db: Kysely<Database>, tokenHash: Buffer, now: Date): Promise<Caller | null> {
  const session = await findSession(db, tokenHash, now);
  if (!session) return null;
  await touchSession(db, session, now);
  return toCaller(session);
}

/** A user as a caller of this moment, for what goes on without them; null where they are gone, disabled, or have a role that is gone. */
export async function callerOfUser(
  db: Kysely<Database>,
  user: { readonly organizationId: string; readonly userId: string },
): Promise<Caller | null> {
  const row = await findUserRights(db, user);
  return row && toCaller(row);
}

/** With https the name's prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis, 4.1.3.2). */
export function sessionCookieName({ config }: Context): string {
  return isSecure(config) ? '__Host-vedette-session' : 'vedette-session';
}

/** Null where the role is none that we know: whoever has it may nothing. */
function toCaller(row: CallerRow & Partial<SessionRow>): Caller | null {
  const builtIn = findBuiltInRole(row.role);
  const held: readonly string[] | null = builtIn?.permissions ?? row.rolePermissions;
  if (held === null) return null;
  const scopes = [row.userScope, builtIn ? null : row.roleScope].filter((scope) => scope !== null);
  const caller = {
    organizationId: row.organizationId,
    userId: row.userId,
    login: row.login,
    role: row.role,
    scopes,
    seesNoAsset: (builtIn?.needsScope ?? false) && scopes.length === 0,
    stage: row.stage ?? 'complete',
    sessionId: row.sessionId ?? null,
    loggedInAt: row.loggedInAt ?? null,
    tokenId: null,
    tokenName: null,
    tokenExpiresAt: null,
  };
  return withPermissions(caller, new Set(permissions.filter((one) => held.includes(one))));
}

function withPermissions(caller: Omit<Caller, 'permissions'>, held: ReadonlySet<Permission>): Caller {
  return { ...caller, permissions: held, seesNoAsset: caller.seesNoAsset || !held.has('asset:read') };
}
