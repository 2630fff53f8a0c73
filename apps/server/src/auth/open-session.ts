import type { Me, SessionStage } from '@vedette/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { describeCaller } from '../users/store.ts';
import { callerOfSession, sessionCookieName } from './authenticate.ts';
import { hashSecret, newSecret } from './secret.ts';
import { deleteSession, insertSession, sessionLifetimeMs } from './store.ts';

/** For the second factor one has so long. */
const unfinishedLifetimeMs = 10 * 60_000;

export interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface NewSession {
  readonly organizationId: string;
  readonly userId: string;
  readonly stage: SessionStage;
  readonly via?: 'password' | 'oidc';
}

/** Opens a session under a new secret and sets its cookie; one that the browser had before ends, so that nobody can foist one on it. */
export async function openSession(
  context: Context,
  { request, reply }: Visit,
  { organizationId, userId, stage, via = 'password' }: NewSession,
): Promise<Me> {
  const { db, clock } = context;
  const name = sessionCookieName(context);
  const before = request.cookies[name];
  if (before !== undefined) await deleteSession(db, hashSecret(before));
  const { secret, hash } = newSecret('vds');
  const createdAt = clock();
  await insertSession(db, {
    tokenHash: hash,
    userId,
    organizationId,
    createdAt,
    lastUsedAt: createdAt,
    expiresAt: new Date(createdAt.getTime() + (stage === 'complete' ? sessionLifetimeMs : unfinishedLifetimeMs)),
    address: request.ip,
    userAgent: (request.headers['user-agent'] ?? '').slice(0, 200),
    stage,
    via,
  });
  if (stage === 'complete') await db.updateTable('appUser').set({ lastLogin: createdAt }).where('id', '=', userId).execute();
  void reply.setCookie(name, secret, { ...cookieOptions(context), maxAge: sessionLifetimeMs / 1000 });
  const caller = await callerOfSession(db, hash, createdAt);
  if (!caller) throw new Error('a session that was just opened cannot be used');
  return describeCaller(db, caller);
}

export function cookieOptions(context: Context) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: sessionCookieName(context).startsWith('__Host-') } as const;
}
