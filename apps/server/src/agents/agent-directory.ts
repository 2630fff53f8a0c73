import type { Kysely } from 'kysely';
import type { Subscription } from '../db/notifications.ts';
import type { Database } from '../db/schema.ts';
import { findAgent, type KnownAgent, revocationChannel } from './store.ts';

/** How long an agent is known without asking the database: longer than agents stay silent, so that check-ins need not ask. */
const rememberMs = 3600_000;
/** About 100 MB. */
const maxAgents = 250_000;

/** The same while a revocation may be missed. */
const unheardMs = 10_000;

/**
 * The agents that were heard of lately. Nothing of an agent ever changes but that its key is revoked, of which this process hears by its
 * subscription, whichever process was told.
 */
export class AgentDirectory {
  readonly subscription: Subscription = {
    channel: revocationChannel,
    heard: async (id) => {
      this.#generation += 1;
      this.#agents.delete(id);
    },
    connected: async () => {
      this.#generation += 1;
      this.#agents.clear();
      this.#hears = true;
    },
    lost: () => {
      this.#hears = false;
    },
  };
  readonly #db: Kysely<Database>;
  readonly #now: () => Date;
  readonly #agents = new Map<string, { readonly agent: KnownAgent; readonly since: number }>();
  #hears = false;
  /** Counts what was heard. */
  #generation = 0;

  constructor(db: Kysely<Database>, now: () => Date) {
    this.#db = db;
    this.#now = now;
  }

  /** The agent of this id; null when there is none, or its key was revoked, also for text that is no id at all. */
  async find(id: string): Promise<KnownAgent | null> {
    const now = this.#now().getTime();
    const known = this.#agents.get(id);
    if (known && now - known.since < (this.#hears ? rememberMs : unheardMs)) return known.agent;
    const generation = this.#generation;
    const agent = await findAgent(this.#db, id);
    // What was read may be older than what was heard meanwhile.
    if (generation !== this.#generation) return this.find(id);
    if (this.#agents.size >= maxAgents) this.#agents.clear();
    if (agent) this.#agents.set(id, { agent, since: now });
    else this.#agents.delete(id);
    return agent;
  }
}
