import { randomUUID } from 'node:crypto';
import { createApiToken, deleteApiToken, getSession, listApiTokens, logIn, logOut } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';
import { serve, servePublic } from '../http/serve.ts';
import { findUserByLogin, getMe } from '../users/store.ts';
import { sessionCookieName } from './authenticate.ts';
import { daysAfter } from './expiry.ts';
import { verifyPassword } from './password.ts';
import { hashSecret, newSecret } from './secret.ts';
import { deleteApiTokenOf, deleteSession, insertApiToken, insertSession, listApiTokensOf } from './store.ts';

const sessionHours = 12;
/** By address: argon2 takes 20 ms and 19 MiB, and guessing must not be cheap. */
const loginsPerMinute = 20;

export function registerAuth(app: FastifyInstance, context: Context): void {
  registerSession(app, context);
  registerApiTokens(app, context);
}

function registerSession(app: FastifyInstance, context: Context): void {
  const name = sessionCookieName(context);
  const cookie = { path: '/', httpOnly: true, sameSite: 'strict', secure: name.startsWith('__Host-') } as const;
  const limited = { config: { rateLimit: { max: loginsPerMinute, timeWindow: 60_000 } } };

  servePublic(app, logIn, limited, async ({ body, reply }) => {
    const user = await findUserByLogin(context.db, body.login);
    const matches = await verifyPassword(body.password, user?.passwordHash);
    if (!user || !matches) throw new ApiError('LOGIN_FAILED', 'There is no such login with this password');
    const { secret, hash } = newSecret('vds');
    const createdAt = context.clock();
    const expiresAt = new Date(createdAt.getTime() + sessionHours * 3_600_000);
    const { organizationId, id: userId } = user;
    await insertSession(context.db, { tokenHash: hash, userId, organizationId, createdAt, expiresAt });
    void reply.setCookie(name, secret, { ...cookie, maxAge: sessionHours * 3600 });
    return getMe(context.db, { organizationId, userId });
  });

  serve(app, context, getSession, ({ caller }) => getMe(context.db, caller));

  serve(app, context, logOut, async ({ request, reply }) => {
    const secret = request.cookies[name];
    if (secret !== undefined) await deleteSession(context.db, hashSecret(secret));
    void reply.clearCookie(name, cookie);
    return { ended: true as const };
  });
}

function registerApiTokens(app: FastifyInstance, context: Context): void {
  serve(app, context, createApiToken, async ({ caller, body }) => {
    const { secret, hash } = newSecret('vdt');
    const createdAt = context.clock();
    const { organizationId, userId } = caller;
    const expiresAt = daysAfter(createdAt, body.expiresInDays);
    const token = { id: randomUUID(), organizationId, userId, name: body.name, createdAt, expiresAt };
    await insertApiToken(context.db, { ...token, tokenHash: hash });
    return { ...toApiToken(token), secret };
  });

  serve(app, context, listApiTokens, async ({ caller }) => ({
    items: (await listApiTokensOf(context.db, caller)).map(toApiToken),
  }));

  serve(app, context, deleteApiToken, async ({ caller, params }) => {
    if (!(await deleteApiTokenOf(context.db, caller, params.apiTokenId)))
      throw new ApiError('NOT_FOUND', 'You have no such API token');
    return { deleted: true as const };
  });
}

function toApiToken(token: Omit<Database['apiToken'], 'tokenHash'>) {
  const { id, name, createdAt, expiresAt } = token;
  return { apiTokenId: id, name, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
}
