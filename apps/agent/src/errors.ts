import type { AgentProblemCode } from '@vedette/protocol';

/** What can stop a command; `exitCodes` says how the process then ends. */
export type AgentErrorCode = 'USAGE' | 'CONFIG' | 'NOT_ENROLLED' | 'LOCKED' | 'NETWORK' | 'REFUSED' | 'PLATFORM' | 'STATE';

export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: AgentErrorCode;
  /** Seconds the platform asked to wait, when it did. */
  readonly retryAfterSeconds: number;

  /** Code of the platform's signed problem; empty for any other error. */
  readonly problem: AgentProblemCode | '';

  constructor(
    code: AgentErrorCode,
    message: string,
    options: ErrorOptions & { retryAfterSeconds?: number; problem?: AgentProblemCode | '' } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? 0;
    this.problem = options.problem ?? '';
  }
}

/** 78 is EX_CONFIG of sysexits(3): a service manager should not restart us over it. */
export const exitCodes: Record<AgentErrorCode, number> = {
  USAGE: 2,
  CONFIG: 78,
  NOT_ENROLLED: 78,
  LOCKED: 1,
  NETWORK: 1,
  REFUSED: 4,
  PLATFORM: 1,
  STATE: 1,
};

/** Somebody else's file, by the code of Node's error or of that which caused ours. */
export function isDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && (error.code === 'EACCES' || error.code === 'EPERM')) || isDenied(error.cause);
}

/** One line for people: control characters out, so that text from outside cannot rewrite a terminal; at most 500 characters. */
export function describeError(error: unknown): string {
  const message = error instanceof Error ? error.message || partsOf(error) || error.name : String(error);
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  return message.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 500);
}

/** Node reports several addresses that all failed as one error without a message. */
function partsOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map((part) => (part as Error).message).join('; ') : '';
}
