import { type AccessRequirement, isStanding, type LoginStage, type Permission, permissionMeanings } from '@vedette/protocol';
import type { FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { authenticate, type Caller } from './authenticate.ts';

const nextSteps = {
  'second-factor': 'Give the second factor first',
  'change-password': 'Choose a new password first',
  enrol: 'Set up a second factor first',
} as const satisfies Record<Exclude<LoginStage, 'complete'>, string>;

/** Who asks, where they may what is needed. Throws ApiError UNAUTHENTICATED, LOGIN_INCOMPLETE or FORBIDDEN; the one place that decides. */
export async function admit(context: Context, request: FastifyRequest, needed: AccessRequirement): Promise<Caller> {
  const caller = await authenticate(context, request);
  if (!caller) throw new ApiError('UNAUTHENTICATED', 'Log in, or send an API token as "Authorization: Bearer ..."');
  refuseIncomplete(caller, needed);
  if (isStanding(needed)) return caller;
  const refusal = refusalOf(caller, needed);
  if (refusal !== null) throw new Refusal(refusal, caller);
  return caller;
}

/** May not, although known: for the audit log. */
export class Refusal extends ApiError {
  readonly caller: Caller;

  constructor(detail: string, caller: Caller) {
    super('FORBIDDEN', detail);
    this.caller = caller;
  }
}

function refuseIncomplete({ stage, tokenName, permissions }: Caller, needed: AccessRequirement): void {
  // An account is for a person in front of a browser: a token must not be able to change the password it outlives.
  if (needed === 'account' && tokenName !== null)
    throw new ApiError('FORBIDDEN', 'An API token may not change the account of its owner');
  // One that is given to a program for reading must not be able to throw its owner out.
  if (needed === 'leave' && tokenName !== null && !permissions.has('token:write'))
    throw new ApiError('FORBIDDEN', 'An API token logs its owner out only where it may revoke tokens, too');
  if (stage === 'complete' || needed === 'login') return;
  if ((needed === 'account' || needed === 'leave') && stage !== 'second-factor') return;
  throw new ApiError('LOGIN_INCOMPLETE', nextSteps[stage]);
}

/** Whether what is answered may hold what needs this permission, beside what the endpoint itself asks for. */
export function mayUse(caller: Caller, needed: Permission): boolean {
  return refusalOf(caller, needed) === null;
}

/** Null where the caller may. */
function refusalOf({ permissions, scopes, role }: Caller, needed: Permission): string | null {
  if (!permissions.has(needed)) return `The role "${role}" does not include ${needed}`;
  if (permissionMeanings[needed].whole && scopes.length > 0) {
    return `${needed} is about the whole organization; you may see only some of its assets`;
  }
  return null;
}
