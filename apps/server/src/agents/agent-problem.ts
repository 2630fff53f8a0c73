import type { AgentProblemCode } from '@vedette/protocol';

const statuses: Record<AgentProblemCode, number> = {
  MALFORMED: 400,
  TOO_LARGE: 413,
  SIGNATURE_INVALID: 401,
  SIGNATURE_EXPIRED: 401,
  REPLAYED: 401,
  UNKNOWN_AGENT: 401,
  CHECK_IN_FIRST: 409,
  ACTIVATION_KEY_REFUSED: 403,
  BUSY: 503,
  INTERNAL: 500,
};

/** A refusal that an agent understands: it decides by `code` whether to try again, enroll again or give up. */
export class AgentProblem extends Error {
  override readonly name = 'AgentProblem';
  readonly code: AgentProblemCode;
  readonly status: number;

  constructor(code: AgentProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = statuses[code];
  }
}
