import { randomBytes, timingSafeEqual } from 'node:crypto';
import { getLoginMethods } from '@vedette/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { auditOperation } from '../audit/audit-operation.ts';
import { auditRefusal } from '../audit/audit-request.ts';
import { openSession } from '../auth/open-session.ts';
import { limitedLogins } from '../auth/routes.ts';
import { hashSecret } from '../auth/secret.ts';
import { isSecure, type OidcConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { servePublic } from '../http/serve.ts';
import { findOrMakeUser } from './find-user.ts';
import { OidcProvider } from './provider.ts';

const startPath = '/api/v1/login/oidc';
const callbackPath = '/api/v1/login/oidc/callback';
const attemptLifetimeMs = 10 * 60_000;

/** Login by an OpenID provider: addresses that a browser is sent to, not operations of the API. */
export function registerOidc(app: FastifyInstance, context: Context): void {
  const { oidc } = context.config;
  servePublic(app, getLoginMethods, {}, () => Promise.resolve({ oidc: oidc && { name: oidc.name, address: startPath } }));
  if (oidc) registerRoutes(app, context, oidc);
}

function registerRoutes(app: FastifyInstance, context: Context, oidc: OidcConfig): void {
  const { db, clock, config, log } = context;
  const provider = new OidcProvider(oidc, config.secrets.oidcClientSecret);
  // Lax: the browser comes back from another site. It binds the answer to the browser that asked, so that nobody is logged in as somebody
  // else by a link (RFC 9700, 4.7).
  const secure = isSecure(config);
  const cookie = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const;
  // __Host-: no neighbour, such as another name of the same domain, can set it (RFC 6265bis, 4.1.3.2).
  const cookieName = secure ? '__Host-vedette-login' : 'vedette-login';

  app.get<{ Querystring: { next?: unknown } }>(startPath, limitedLogins, async (request, reply) => {
    const [state, browser, nonce, codeVerifier] = [secret(), secret(), secret(), secret()];
    const redirectUri = `${config.publicUrl ?? `${request.protocol}://${request.host}`}${callbackPath}`;
    const next = safeNext(request.query.next);
    const now = clock();
    try {
      const address = await provider.authorizationUrl({ state, nonce, codeVerifier }, redirectUri);
      await db.deleteFrom('loginAttempt').where('expiresAt', '<=', now).execute();
      const expiresAt = new Date(now.getTime() + attemptLifetimeMs);
      const hashes = { stateHash: hashSecret(state), browserHash: hashSecret(browser) };
      await db
        .insertInto('loginAttempt')
        .values({ ...hashes, nonce, codeVerifier, redirectUri, next, expiresAt })
        .execute();
      void reply.setCookie(cookieName, browser, { ...cookie, maxAge: attemptLifetimeMs / 1000 });
      return await reply.header('cache-control', 'no-store').redirect(address.href, 302);
    } catch (error) {
      return fail(request, reply, error);
    }
  });

  app.get<{ Querystring: Record<string, unknown> }>(callbackPath, limitedLogins, async (request, reply) => {
    void reply.clearCookie(cookieName, cookie).header('cache-control', 'no-store');
    try {
      return await comeBack(request, reply);
    } catch (error) {
      return fail(request, reply, error);
    }
  });

  async function comeBack(request: FastifyRequest<{ Querystring: Record<string, unknown> }>, reply: FastifyReply) {
    const { state } = request.query;
    if (typeof state !== 'string') throw new Error('there is no state');
    // Taken away by the first who comes: an answer counts once.
    const attempt = await db
      .deleteFrom('loginAttempt')
      .where('stateHash', '=', hashSecret(state))
      .where('expiresAt', '>', clock())
      .returningAll()
      .executeTakeFirst();
    if (!attempt) throw new Error('no login was begun with this state, or it took too long');
    if (!timingSafeEqual(hashSecret(request.cookies[cookieName] ?? ''), attempt.browserHash)) {
      throw new Error('another browser began this login');
    }
    const address = new URL(attempt.redirectUri);
    address.search = new URL(request.url, 'http://localhost').search;
    const identity = await provider.identify(address, { ...attempt, state });
    const user = await findOrMakeUser(db, identity, { config: oidc, now: clock() });
    if (!user) return await refuse(reply, 'role');
    const caller = { organizationId: user.organizationId, userId: user.id, login: user.login, tokenName: null };
    const tried = { request, caller, action: 'logIn', via: `OpenID provider ${identity.issuer}` };
    if (user.disabledAt !== null) {
      await auditRefusal(context, tried);
      return await refuse(reply, 'disabled');
    }
    await auditOperation(context, {
      audited: { ...tried, detail: { role: user.role } },
      task: () => openSession(context, { request, reply }, { ...caller, stage: 'complete', via: 'oidc' }),
    });
    return await reply.redirect(attempt.next, 302);
  }

  /** The login page says it in words; the details are for the log. */
  function fail(request: FastifyRequest, reply: FastifyReply, error: unknown) {
    log.warn({ err: error, audit: 'logIn', outcome: 'refused', address: request.ip }, 'a login by the OpenID provider failed');
    return refuse(reply, 'failed');
  }
}

function refuse(reply: FastifyReply, problem: 'failed' | 'role' | 'disabled') {
  return reply.redirect(`/login?problem=oidc-${problem}`, 302);
}

function secret(): string {
  return randomBytes(32).toString('base64url');
}

/** Only an address of the console: "//host" and "/\\host" would leave it (WHATWG URL treats a backslash as a slash). */
function safeNext(next: unknown): string {
  return typeof next === 'string' && next.length < 2000 && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : '/';
}
