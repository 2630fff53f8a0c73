import type { Permission } from '@vedette/protocol';
import type { FastifyRequest } from 'fastify';
import { isSecure } from '../config.ts';
import type { Context } from '../context.ts';
import { hashSecret } from './secret.ts';
import { findCallerBySession, findCallerByToken } from './store.ts';

/** Who asks. Every query about an organization's things takes organizationId from here. */
export interface Caller {
  readonly organizationId: string;
  readonly userId: string;
  readonly login: string;
  readonly role: 'manager' | 'reader';
}

/** The caller by API token or session cookie; null when neither is valid (any more). */
export async function authenticate(context: Context, request: FastifyRequest): Promise<Caller | null> {
  const { authorization } = request.headers;
  // A token that was sent decides alone: falling back to the cookie would bypass the check of the request's origin.
  if (authorization !== undefined) {
    if (!authorization.startsWith('Bearer ')) return null;
    return findCallerByToken(context.db, hashSecret(authorization.slice('Bearer '.length)), context.clock());
  }
  const cookie = request.cookies[sessionCookieName(context)];
  return cookie === undefined ? null : findCallerBySession(context.db, hashSecret(cookie), context.clock());
}

/** With https the name's prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis, 4.1.3.2). */
export function sessionCookieName({ config }: Context): string {
  return isSecure(config) ? '__Host-vedette-session' : 'vedette-session';
}

/** A manager may do everything, a reader read everything. */
export function mayDo(caller: Caller, permission: Permission): boolean {
  return caller.role === 'manager' || permission === 'session' || permission.endsWith(':read');
}
