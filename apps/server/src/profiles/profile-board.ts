import type { CheckIn, CheckInReply } from '@vedette/protocol';
import type { KnownAgent } from '../agents/store.ts';
import type { Context } from '../context.ts';
import { outsideScope } from '../db/asset-scope.ts';
import type { Subscription } from '../db/notifications.ts';
import { type MergedProfiles, mergeProfiles } from './layers.ts';
import { combinationsOf, profilesOf, type ProfileSources, selectAssets } from './select-assets.ts';
import { loadProfiles, profileChannel } from './store.ts';

/** Which assets fit is looked at again this often, because their facts and tags change. */
const refreshMs = 15_000;
/** Or as seldom as it takes to spend no more than a twentieth of the time on it. */
const restPerWork = 20;
const retryMs = 1000;
/** Agents that wait for news are woken at most 500 a second, so that they do not all check in at once. */
const wakeAtOnce = 25;
const wakePauseMs = 50;
/** Several changes in a row wake them once. */
const gatherMs = 250;
const maxTold = 250_000;

type Assigned = (assetId: string) => MergedProfiles;

interface Entry {
  /** Null until it was read once. */
  assigned: Assigned | null;
  /** Something changed since: whoever asks waits for what holds now. */
  isWrong: boolean;
  staleAt: number;
  /** Not read again before, unless it is wrong. */
  restUntil: number;
  /** Counts what was heard. */
  generation: number;
  loading: Promise<void> | null;
}

interface Waiter {
  readonly agent: KnownAgent;
  readonly wake: () => void;
}

/**
 * What every agent is to be set to, at hand for every check-in: which profiles an asset fits is read for a whole organization at once, and
 * merged once for each combination of profiles. Of changes it hears by its subscription, whichever process made them.
 */
export class ProfileBoard implements Disposable {
  readonly subscription: Subscription = {
    channel: profileChannel,
    heard: (organizationId) => this.#heard(organizationId),
    connected: async () => {
      for (const organizationId of this.#entries.keys()) this.forget(organizationId);
    },
  };
  readonly #context: ProfileSources & Pick<Context, 'log'>;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Map<string, Set<Waiter>>();
  /** The digest that each asset's agent was last told of, or has. */
  readonly #told = new Map<string, string>();
  /** The digest for which each asset's agent was last woken: once is enough for whoever does not come. */
  readonly #woken = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Organizations whose agents are about to be woken. */
  readonly #waking = new Set<string>();

  constructor(context: ProfileSources & Pick<Context, 'log'>) {
    this.#context = context;
  }

  /** Null while it cannot be said: an agent then keeps what it has. Never throws. */
  async of({ organizationId, assetId }: KnownAgent): Promise<MergedProfiles | null> {
    return (await this.#assigned(organizationId))?.(assetId) ?? null;
  }

  /** What to add to the reply to a check-in. */
  async replyTo(agent: KnownAgent, { settings: reported }: CheckIn): Promise<Partial<CheckInReply>> {
    const merged = await this.of(agent);
    if (!merged) return {};
    if (this.#told.size >= maxTold) this.#told.clear();
    this.#told.set(agent.assetId, merged.digest);
    this.#woken.delete(agent.assetId);
    const { schedule, settings, digest } = merged;
    if (!reported) return { schedule, settings: { ...settings } };
    return reported.digest === digest ? { schedule } : { schedule, settings: { ...settings }, settingsDigest: digest };
  }

  /**
   * Calls `wake` once a check-in would bring this agent other settings because somebody changed them, also before it began to wait, until it
   * is disposed.
   */
  wait(agent: KnownAgent, wake: () => void): Disposable {
    const { organizationId } = agent;
    const waiter = { agent, wake };
    const waiters = this.#waiting.get(organizationId) ?? new Set();
    this.#waiting.set(organizationId, waiters.add(waiter));
    void this.#assigned(organizationId).then((assigned) => {
      const isMissed = assigned !== null && this.#told.has(agent.assetId) && this.#isNews(agent, assigned);
      if (isMissed && waiters.has(waiter)) this.#wakeOne(waiter, assigned);
    });
    return {
      [Symbol.dispose]: () => {
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waiting.get(organizationId) === waiters) this.#waiting.delete(organizationId);
      },
    };
  }

  /** Which assets have which tags changed: to be read again as soon as that may be. Agents hear of it with their next check-in after that. */
  refreshSoon(organizationId: string): void {
    const entry = this.#entries.get(organizationId);
    if (entry) entry.staleAt = Math.min(entry.staleAt, entry.restUntil);
  }

  /** Somebody changed profiles of this organization: nobody is answered with what held before. */
  forget(organizationId: string): void {
    const entry = this.#entries.get(organizationId);
    if (!entry) return;
    entry.generation += 1;
    entry.isWrong = true;
    entry.staleAt = Number.NEGATIVE_INFINITY;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #heard(organizationId: string): Promise<void> {
    this.forget(organizationId);
    if (!this.#waiting.has(organizationId) || this.#waking.has(organizationId)) return;
    this.#waking.add(organizationId);
    this.#later(gatherMs, () => {
      this.#waking.delete(organizationId);
      void this.#wake(organizationId);
    });
  }

  async #wake(organizationId: string): Promise<void> {
    const assigned = await this.#assigned(organizationId);
    const waiters = [...(this.#waiting.get(organizationId) ?? [])];
    if (!assigned) return;
    const concerned = waiters.filter(({ agent }) => this.#isNews(agent, assigned));
    for (let begin = 0; begin < concerned.length; begin += wakeAtOnce) {
      const some = concerned.slice(begin, begin + wakeAtOnce);
      this.#later((begin / wakeAtOnce) * wakePauseMs, () => some.forEach((waiter) => this.#wakeOne(waiter, assigned)));
    }
  }

  #isNews({ assetId }: KnownAgent, assigned: Assigned): boolean {
    const { digest } = assigned(assetId);
    return digest !== this.#told.get(assetId) && digest !== this.#woken.get(assetId);
  }

  #wakeOne({ agent: { assetId }, wake }: Waiter, assigned: Assigned): void {
    if (this.#woken.size >= maxTold) this.#woken.clear();
    this.#woken.set(assetId, assigned(assetId).digest);
    wake();
  }

  #later(milliseconds: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, milliseconds).unref();
    this.#timers.add(timer);
  }

  async #assigned(organizationId: string): Promise<Assigned | null> {
    const known = this.#entries.get(organizationId);
    const never = Number.NEGATIVE_INFINITY;
    const entry = known ?? { assigned: null, isWrong: true, staleAt: never, restUntil: never, generation: 0, loading: null };
    if (!known) this.#entries.set(organizationId, entry);
    // Once more where something was heard meanwhile, but not for as long as somebody goes on changing.
    for (let isAgain = false; ; isAgain = true) {
      const { generation } = entry;
      if (performance.now() >= entry.staleAt) entry.loading ??= this.#load(organizationId, entry);
      if (!entry.isWrong || !entry.loading) return entry.assigned;
      await entry.loading;
      if (isAgain || generation === entry.generation) return entry.assigned;
    }
  }

  /** Never throws: a check-in is worth more than its settings. */
  async #load(organizationId: string, entry: Entry): Promise<void> {
    const { generation } = entry;
    const begin = performance.now();
    let freshMs = retryMs;
    try {
      entry.assigned = await outsideScope(() => assignProfiles(this.#context, organizationId));
      freshMs = refreshMs;
      if (generation === entry.generation) entry.isWrong = false;
    } catch (error) {
      this.#context.log.warn({ err: error, organizationId }, 'which profiles agents shall have cannot be said at present');
    }
    const now = performance.now();
    entry.restUntil = now + restPerWork * (now - begin);
    entry.staleAt = generation === entry.generation ? Math.max(now + freshMs, entry.restUntil) : Number.NEGATIVE_INFINITY;
    entry.loading = null;
  }
}

async function assignProfiles(context: ProfileSources, organizationId: string): Promise<Assigned> {
  const profiles = await loadProfiles(context.db, organizationId);
  const merged = new Map<string, MergedProfiles>();
  const mergedOf = (combination: string): MergedProfiles => {
    const known = merged.get(combination) ?? mergeProfiles(profilesOf(profiles, combination));
    merged.set(combination, known);
    return known;
  };
  // The index is asked only by organizations that need it.
  if (profiles.every(({ query }) => query === null)) return () => mergedOf('');
  using selection = await selectAssets(context, { organizationId }, profiles);
  const { assets } = selection.index.table;
  const combinations = new Map<string, string>();
  for (const [asset, combination] of combinationsOf(selection).entries()) {
    const known = assets[asset];
    if (combination !== '' && known) combinations.set(known.assetId, combination);
  }
  return (assetId) => mergedOf(combinations.get(assetId) ?? '');
}
