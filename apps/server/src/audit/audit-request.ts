import { type AuditOutcome, type Endpoint, isReadOnly, isStanding } from '@vedette/protocol';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { outsideScope } from '../db/asset-scope.ts';
import { appendAudit } from './append-audit.ts';
import { withoutSecrets } from './without-secrets.ts';

/** What is known of a request when it is done. */
export interface AuditedRequest {
  readonly request: FastifyRequest;
  readonly caller: Pick<Caller, 'organizationId' | 'userId' | 'login' | 'tokenName'>;
  readonly action: string;
  readonly outcome: AuditOutcome;
  /** By what they came, where that was neither session nor token. */
  readonly via?: string;
  readonly target?: Readonly<Record<string, string>>;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Whether requests to an endpoint can change something: all but those that read. */
export function isAudited({ method, permission }: Pick<Endpoint, 'method' | 'permission'>): boolean {
  return method !== 'GET' && (isStanding(permission) || !isReadOnly(permission));
}

/**
 * Writes down what a request did. The hash goes to the program's own log too: where that is kept elsewhere, nobody can write the chain
 * anew unnoticed.
 */
export async function auditRequest({ db, clock, log }: Context, audited: AuditedRequest): Promise<void> {
  const { request, caller, action, outcome, target = {}, detail = {} } = audited;
  const { organizationId, userId, login, tokenName } = caller;
  const via = audited.via ?? (tokenName === null ? 'session' : `token ${tokenName}`);
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, 200);
  const actor = { userId: userId as never, login, via, address: request.ip, userAgent }; // an id from our own table
  const event = { organizationId, action, outcome, actor, target, detail: withoutSecrets(detail) as Record<string, unknown> };
  const head = await outsideScope(() => appendAudit(db, event, clock()));
  log.info({ audit: action, outcome, organizationId, by: login, target, ...head }, 'audited');
}
