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
/** So long the second request of an agent waits for the first: most are answered within milliseconds, and a refused one comes seconds later. */
const turnMs = 5000;

interface Account {
  /** Somebody has the turn. */
  working: boolean;
  /** Gives the turn to the one request that waits for it; null where none does. */
  next: (() => void) | null;
  /** Bytes owed at the moment `at`, in milliseconds. */
  debt: number;
  at: number;
}

/**
 * Keeps what agents send within bounds. An agent asks two things at once at most, a check-in beside its wait for orders; a hostile one
 * could hold every database connection, so they are worked on one after the other and a third is refused. Parsing stops everything else for
 * its time, so each agent gets a share of it.
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

  /**
   * Runs `work` for this agent alone, after what is being worked on; it tells how many bytes it has to parse. Throws AgentProblem BUSY where
   * another request waits already, or has waited for too long.
   */
  async alone<Answer>(agentId: string, work: (charge: (bytes: number) => void) => Promise<Answer>): Promise<Answer> {
    this.#sweep(this.#now());
    const account = this.#accounts.get(agentId) ?? { working: false, next: null, debt: 0, at: this.#now() };
    this.#accounts.set(agentId, account);
    if (account.working) await ownTurn(account);
    account.working = true;
    try {
      const now = this.#now();
      account.debt = debtAt(account, now);
      account.at = now;
      if (account.debt > maxDebtBytes)
        throw new AgentProblem('BUSY', 'This agent has sent much; the next request has to wait a little.');
      account.debt += leastBytes;
      return await work((bytes) => {
        account.debt += Math.max(0, bytes - leastBytes);
      });
    } finally {
      if (account.next) account.next();
      else account.working = false;
    }
  }

  #sweep(now: number): void {
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + sweepMs;
    for (const [agentId, account] of this.#accounts)
      if (!account.working && debtAt(account, now) === 0) this.#accounts.delete(agentId);
  }
}

/** Ends when the turn was handed over. Throws AgentProblem BUSY. */
async function ownTurn(account: Account): Promise<void> {
  const busy = new AgentProblem('BUSY', 'The last request of this agent is not answered yet.');
  if (account.next) throw busy;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => {
    account.next = null;
    reject(busy);
  }, turnMs).unref();
  account.next = () => {
    account.next = null;
    clearTimeout(late);
    resolve();
  };
  await promise;
}

function debtAt({ debt, at }: Account, now: number): number {
  return Math.max(0, debt - ((now - at) / 1000) * forgivenPerSecond);
}
