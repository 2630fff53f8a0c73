import { randomUUID } from 'node:crypto';
import {
  changePassword,
  createApiToken,
  deleteApiToken,
  endSession,
  endSessions,
  getSession,
  listApiTokens,
  listSessions,
  logIn,
  logOut,
} from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { auditOperation } from '../audit/audit-operation.ts';
import { auditRefusal } from '../audit/audit-request.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve, servePublic } from '../http/serve.ts';
import { hasFactor } from '../second-factors/store.ts';
import { describeCaller, findUserByLogin, loadNames } from '../users/store.ts';
import { sessionCookieName } from './authenticate.ts';
import { daysAfter } from './expiry.ts';
import { countGuess, forgive, guessesOf } from './login-guard.ts';
import { cookieOptions, openSession } from './open-session.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { refuseWeakPassword } from './password-rules.ts';
import { hashSecret, newSecret } from './secret.ts';
import {
  type ApiTokenRow,
  countApiTokensOf,
  deleteApiTokenOf,
  deleteSession,
  endSessionOf,
  endSessionsOf,
  insertApiToken,
  listApiTokensOf,
  listSessionsOf,
  logOutEverywhere,
} from './store.ts';

/** Of a user: one for each program is enough, and whoever makes them without end shall not fill the disk. */
const maxApiTokens = 200;

/** By address: argon2 takes 20 ms and 19 MiB, and guessing must not be cheap. */
const loginsPerMinute = 20;
export const limitedLogins = { config: { rateLimit: { max: loginsPerMinute, timeWindow: 60_000 } } };

export function registerAuth(app: FastifyInstance, context: Context): void {
  registerSession(app, context);
  registerAccount(app, context);
  registerApiTokens(app, context);
}

function registerSession(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;

  servePublic(app, logIn, limitedLogins, async ({ body, request, reply }) => {
    const guesses = guessesOf(body.login, request.ip);
    await countGuess(db, guesses, clock());
    const user = await findUserByLogin(db, body.login);
    const matches = await verifyPassword(body.password, user?.passwordHash);
    const caller = user && { organizationId: user.organizationId, userId: user.id, login: user.login, tokenName: null };
    const tried = { request, action: logIn.name, via: 'password' };
    if (!user || !caller || !matches || user.disabledAt !== null) {
      if (caller) await auditRefusal(context, { ...tried, caller });
      else context.log.info({ audit: 'logIn', outcome: 'refused', address: request.ip }, 'a login that does not exist was tried');
      throw new ApiError('LOGIN_FAILED', 'There is no such login with this password');
    }
    await forgive(db, guesses, clock());
    const stage = (await hasFactor(db, user.id)) ? 'second-factor' : 'complete';
    return auditOperation(context, {
      audited: { ...tried, caller },
      task: () => openSession(context, { request, reply }, { ...caller, stage }),
      notes: (me) => (me ? { stage: me.stage } : {}),
    });
  });

  serve(app, context, getSession, ({ caller }) => describeCaller(db, caller));

  serve(app, context, logOut, async ({ request, reply }) => {
    const name = sessionCookieName(context);
    const secret = request.cookies[name];
    if (secret !== undefined) await deleteSession(db, hashSecret(secret));
    void reply.clearCookie(name, cookieOptions(context));
    return { ended: true as const };
  });
}

function registerAccount(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;

  serve(app, context, listSessions, async ({ caller }) => ({
    items: (await listSessionsOf(db, caller, clock())).map((session) => ({
      sessionId: session.id as never, // an id of our own
      createdAt: session.createdAt.toISOString(),
      lastUsedAt: (session.lastUsedAt ?? session.createdAt).toISOString(),
      expiresAt: session.expiresAt.toISOString(),
      address: session.address,
      userAgent: session.userAgent,
      isCurrent: session.id === caller.sessionId,
    })),
  }));

  serve(app, context, endSession, async ({ caller, params }) => {
    if (!(await endSessionOf(db, caller, params.sessionId))) throw new ApiError('NOT_FOUND', 'You have no such session');
    return { ended: true as const };
  });

  serve(app, context, endSessions, async ({ caller, query: { tokens }, note, reply }) => {
    const done = await logOutEverywhere(db, caller, { tokens, now: clock() });
    void reply.clearCookie(sessionCookieName(context), cookieOptions(context));
    note(done);
    return done;
  });

  serve(app, context, changePassword, async ({ caller, body, request, reply }) => {
    const guesses = guessesOf(caller.login, request.ip);
    await countGuess(db, guesses, clock());
    const user = await findUserByLogin(db, caller.login);
    if (!(await verifyPassword(body.password, user?.passwordHash)))
      throw new ApiError('LOGIN_FAILED', 'The present password is another');
    await forgive(db, guesses, clock());
    if (body.newPassword === body.password) throw new ApiError('BAD_REQUEST', 'The new password is the present one');
    refuseWeakPassword(body.newPassword, await loadNames(db, caller));
    const passwordHash = await hashPassword(body.newPassword);
    await db.updateTable('appUser').set({ passwordHash, mustChangePassword: false }).where('id', '=', caller.userId).execute();
    await endSessionsOf(db, caller.userId);
    return openSession(context, { request, reply }, { ...caller, stage: 'complete' });
  });
}

function registerApiTokens(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;

  serve(app, context, createApiToken, async ({ caller, body, note }) => {
    const { organizationId, userId } = caller;
    const tooMuch = (body.permissions ?? []).filter((one) => !caller.permissions.has(one));
    if (tooMuch.length > 0) throw new ApiError('FORBIDDEN', `A token may not do what you may not: ${tooMuch.join(', ')}`);
    if ((await countApiTokensOf(db, caller)) >= maxApiTokens)
      throw new ApiError('CONFLICT', `There are ${maxApiTokens} API tokens of yours; revoke one first.`);
    // One made with a token that may do less must not do more than that.
    const permissions = body.permissions ?? (caller.tokenName === null ? null : [...caller.permissions]);
    const { secret, hash } = newSecret('vdt');
    const createdAt = clock();
    const expiresAt = noLaterThan(caller.tokenExpiresAt, daysAfter(createdAt, body.expiresInDays));
    const token = { id: randomUUID(), organizationId, userId, name: body.name, createdAt, expiresAt, permissions };
    await insertApiToken(db, { ...token, tokenHash: hash, madeWith: caller.tokenId });
    note({ apiTokenId: token.id, permissions, expiresAt: expiresAt?.toISOString() ?? null });
    return { ...toApiToken({ ...token, lastUsedAt: null, lastAddress: null }), secret };
  });

  serve(app, context, listApiTokens, async ({ query, caller }) => {
    const { total, rows, next } = await listApiTokensOf(db, caller, query);
    return { total, items: rows.map(toApiToken), next };
  });

  serve(app, context, deleteApiToken, async ({ caller, params }) => {
    if (!(await deleteApiTokenOf(db, caller, params.apiTokenId))) throw new ApiError('NOT_FOUND', 'You have no such API token');
    return { deleted: true as const };
  });
}

/** One made with a token ends with it at the latest: otherwise whoever got hold of a token for a day would have one for ever. */
function noLaterThan(latest: Date | null, wanted: Date | null): Date | null {
  return latest !== null && (wanted === null || wanted > latest) ? latest : wanted;
}

function toApiToken(token: ApiTokenRow) {
  const { id, name, createdAt, expiresAt, lastUsedAt, lastAddress } = token;
  return {
    apiTokenId: id as never, // an id of our own
    name,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    permissions: token.permissions as never, // checked when they were written
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    lastAddress,
  };
}
