import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { findAgent, type KnownAgent } from './store.ts';

/** How long an agent is known without asking the database: longer than agents stay silent, so that check-ins need not ask. */
const rememberMs = 3600_000;
/** About 100 MB. */
const maxAgents = 250_000;

/** The agents that were heard of lately. Nothing of an agent ever changes; one that were deleted would be heard for an hour more. */
export class AgentDirectory {
  readonly #db: Kysely<Database>;
  readonly #now: () => Date;
  readonly #agents = new Map<string, { readonly agent: KnownAgent; readonly until: number }>();

  constructor(db: Kysely<Database>, now: () => Date) {
    this.#db = db;
    this.#now = now;
  }

  /** The agent of this id; null when there is none, also for text that is no id at all. */
  async find(id: string): Promise<KnownAgent | null> {
    const now = this.#now().getTime();
    const known = this.#agents.get(id);
    if (known && known.until > now) return known.agent;
    const agent = await findAgent(this.#db, id);
    if (this.#agents.size >= maxAgents) this.#agents.clear();
    if (agent) this.#agents.set(id, { agent, until: now + rememberMs });
    return agent;
  }
}
