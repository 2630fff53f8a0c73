import { limits } from '@vedette/protocol';
import { AgentProblem } from './agent-problem.ts';

/** Bodies that are being received and worked on at one moment, in bytes as they travel. */
const maxBytes = 256 * 1024 * 1024;
const maxRequests = 4000;
/** What one agent may make us unpack and parse at once, how much of it is forgiven in a second, and what any request counts at least. */
const maxDebtBytes = 2 * 1024 * 1024;
const forgivenPerSecond = 1024 * 1024;
const leastBytes = 32 * 1024;
const sweepMs = 2000;

interface Account {
  working: boolean;
  /** Bytes owed at the moment `at`, in milliseconds. */
  debt: number;
  at: number;
}

/**
 * Keeps what agents send within bounds. An agent has no reason to ask two things at once, and a hostile one could hold every database
 * connection; parsing stops everything else for its time, so each agent gets a share of it.
 */
export class Admission {
  #bytes = 0;
  #requests = 0;
  readonly #accounts = new Map<string, Account>();
  readonly #now: () => number;
  #nextSweep = 0;

  /** `now`: milliseconds of a clock that nobody sets. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Before a body is read: `declared` is its Content-Length, NaN where none is. Returns what `leave` takes. Throws AgentProblem BUSY. */
  enter(declared: number): number {
    const bytes = declared >= 0 && declared <= limits.agentBodyBytes ? declared : limits.agentBodyBytes;
    if (this.#requests >= maxRequests || this.#bytes + bytes > maxBytes)
      throw new AgentProblem('BUSY', 'Too many agents send at once; try again.');
    this.#requests += 1;
    this.#bytes += bytes;
    return bytes;
  }

  leave(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
  }

  /** Runs `work` for this agent alone; it tells how many bytes it has to parse. Throws AgentProblem BUSY. */
  async alone<Answer>(agentId: string, work: (charge: (bytes: number) => void) => Promise<Answer>): Promise<Answer> {
    const now = this.#now();
    this.#sweep(now);
    const account = this.#accounts.get(agentId) ?? { working: false, debt: 0, at: now };
    if (account.working) throw new AgentProblem('BUSY', 'The last request of this agent is not answered yet.');
    account.debt = debtAt(account, now);
    account.at = now;
    if (account.debt > maxDebtBytes)
      throw new AgentProblem('BUSY', 'This agent has sent much; the next request has to wait a little.');
    account.working = true;
    account.debt += leastBytes;
    this.#accounts.set(agentId, account);
    try {
      return await work((bytes) => {
        account.debt += Math.max(0, bytes - leastBytes);
      });
    } finally {
      account.working = false;
    }
  }

  #sweep(now: number): void {
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + sweepMs;
    for (const [agentId, account] of this.#accounts)
      if (!account.working && debtAt(account, now) === 0) this.#accounts.delete(agentId);
  }
}

function debtAt({ debt, at }: Account, now: number): number {
  return Math.max(0, debt - ((now - at) / 1000) * forgivenPerSecond);
}
