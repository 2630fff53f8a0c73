import type { HttpReply } from '../../apps/agent/src/transport/http-exchange.ts';
import type { Dice } from './dice.ts';
import type { Request, SimulatedPlatform } from './simulated-platform.ts';

/** What happens to a request, by weight. `agent` faults kill the agent's process at that moment. */
const weather = {
  fine: 12,
  'request lost': 2,
  'reply lost': 2,
  'delivered twice': 2,
  delayed: 2,
  'agent killed before': 1,
  'agent killed after': 1,
  'platform killed': 2,
} as const;

/** One schedule's way between its machines and the platform. */
export class SimulatedNetwork {
  readonly #platform: SimulatedPlatform;
  readonly #lane: number;
  readonly #dice: Dice;
  readonly #now: () => number;
  readonly #log: (text: string) => void;
  readonly #onTaken: (request: Request, agentId: string) => void;
  /** On their way for longer than anybody waits. */
  readonly #late: Request[] = [];
  #server: number;
  isFair = false;
  isPlatformAway = false;

  constructor(parts: {
    platform: SimulatedPlatform;
    lane: number;
    dice: Dice;
    now: () => number;
    log: (text: string) => void;
    /** The platform took rows of this machine, as those of this agent's asset. */
    onTaken: (request: Request, agentId: string) => void;
  }) {
    this.#platform = parts.platform;
    this.#lane = parts.lane;
    this.#dice = parts.dice;
    this.#now = parts.now;
    this.#log = parts.log;
    this.#onTaken = parts.onTaken;
    this.#server = parts.dice.whole(0, 3);
  }

  /** The next process has what is in the database, and nothing of what this one remembered. */
  restartPlatform(): void {
    this.#server += 1;
  }

  /** Throws when there is no reply; calls `kill` at the moment at which the agent's process ends. */
  async exchange(request: Request, kill: () => void): Promise<HttpReply> {
    if (this.isPlatformAway) throw new Error('no route');
    const fault = this.isFair ? 'fine' : this.#dice.weighted(weather);
    if (fault !== 'fine') this.#log(`  ${request.path}: ${fault}`);
    if (fault === 'agent killed before') {
      kill();
      throw new Error(fault);
    }
    if (fault === 'request lost') throw new Error(fault);
    if (fault === 'delayed') {
      this.#late.push(request);
      throw new Error(fault);
    }
    const reply = await this.#deliver(request, fault === 'platform killed' ? this.#dice.whole(0, 30) : Infinity);
    if (fault === 'delivered twice') {
      if (this.#dice.chance(0.5)) this.restartPlatform();
      await this.#deliver(request, Infinity);
    }
    if (fault === 'agent killed after') kill();
    if (fault === 'agent killed after' || fault === 'reply lost') throw new Error(fault);
    return reply;
  }

  /** Delivers some of what is late, in any order; nobody waits for the replies any more. */
  async deliverLate(all = false): Promise<void> {
    while (this.#late.length > 0 && (all || this.#dice.chance(0.7))) {
      const [request] = this.#late.splice(this.#dice.whole(0, this.#late.length - 1), 1);
      if (!request) return;
      this.#log(`  ${request.path}: arrives late`);
      await this.#deliver(request, Infinity);
    }
  }

  async #deliver(request: Request, queriesLeft: number): Promise<HttpReply> {
    const server = { lane: this.#lane, server: this.#server };
    const reply = await this.#platform.deliver(request, { now: this.#now, queriesLeft }, server);
    const [, agentId = ''] = /keyid="([^"]*)"/.exec(request.headers['signature-input'] ?? '') ?? [];
    if (reply.status === 200 && reply.body.includes('"accepted"')) this.#onTaken(request, agentId);
    return reply;
  }
}
