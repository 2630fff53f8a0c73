import type { Context } from '../context.ts';
import { outsideScope } from '../db/asset-scope.ts';
import { ApiError } from '../http/api-error.ts';
import { type AuditedRequest, eventOf, logAudited } from './audit-request.ts';
import { beginIntent, dropIntent, keepAlive, settleIntent } from './intents.ts';

export interface AuditedOperation<Result> {
  /** Whoever asks, and what for. */
  readonly audited: Omit<AuditedRequest, 'outcome'>;
  readonly task: () => Promise<Result>;
  /** Told when it is done: what was before and is after. Without secrets. */
  readonly notes?: (result: Result | null) => Readonly<Record<string, unknown>>;
}

/**
 * Does an operation so that no change is without its event, whatever dies when: that it was begun is in the database before it begins, and
 * what came of it takes the place of that in one transaction with the end of the chain. What nobody ends is told by IntentKeeper.
 * docs/adr/0022-audit-intents.md says why it is not one transaction around everything.
 */
export async function auditOperation<Result>(
  context: Context,
  { audited, task, notes = () => ({}) }: AuditedOperation<Result>,
): Promise<Result> {
  const { db, clock } = context;
  const id = await outsideScope(() => beginIntent(db, eventOf(audited)));
  const settle = async (outcome: 'done' | 'failed', result: Result | null): Promise<void> => {
    const detail = { ...audited.detail, ...notes(result) };
    const event = { ...eventOf({ ...audited, detail }), outcome };
    logAudited(context, event, await outsideScope(() => settleIntent(db, { id, event, now: clock() })));
  };
  // Nobody else takes it for abandoned while we are at it.
  using _alive = keepAlive(db, id);
  let result: Result;
  try {
    result = await task();
  } catch (error) {
    // What was refused for a reason changed nothing; what broke may have. Where neither can be written, IntentKeeper tells.
    const isRefused = error instanceof ApiError && error.statusCode < 500;
    await (isRefused ? outsideScope(() => dropIntent(db, id)) : settle('failed', null)).catch(() => undefined);
    throw error;
  }
  await settle('done', result);
  return result;
}
