import { type AuditHead, type AuditOutcome, type Endpoint, isReadOnly, isStanding } from '@vedette/protocol';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { outsideScope } from '../db/asset-scope.ts';
import { appendAudit, type NewAuditEvent } from './append-audit.ts';
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

/** Writes down what a request tried and may not: nothing was changed. What changes something goes through auditOperation. */
export async function auditRefusal(context: Context, audited: Omit<AuditedRequest, 'outcome'>): Promise<void> {
  const event = { ...eventOf(audited), outcome: 'refused' as const };
  logAudited(context, event, await outsideScope(() => appendAudit(context.db, event, context.clock())));
}

/** The event of a request, without what came of it. */
export function eventOf(audited: Omit<AuditedRequest, 'outcome'>): Omit<NewAuditEvent, 'outcome'> {
  const { request, caller, action, target = {}, detail = {} } = audited;
  const { organizationId, userId, login, tokenName } = caller;
  const via = audited.via ?? (tokenName === null ? 'session' : `token ${tokenName}`);
  const userAgent = (request.headers['user-agent'] ?? '').slice(0, 200);
  const actor = { userId: userId as never, login, via, address: request.ip, userAgent }; // an id from our own table
  return { organizationId, action, actor, target, detail: withoutSecrets(detail) };
}

/** The hash goes to the program's own log too: where that is kept elsewhere, nobody can write the chain anew unnoticed. */
export function logAudited({ log }: Pick<Context, 'log'>, event: NewAuditEvent, head: AuditHead): void {
  const { action, outcome, organizationId, actor, target } = event;
  log.info({ audit: action, outcome, organizationId, by: actor.login, target, ...head }, 'audited');
}
