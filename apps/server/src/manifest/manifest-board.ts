import type { CheckIn, SignedManifest } from '@vedette/protocol';
import type { Context } from '../context.ts';
import type { Subscription } from '../db/notifications.ts';
import { loadManifest, manifestChannel } from './publish-manifest.ts';

/** How long a manifest is handed out without a look at the database, should the word of a new one be lost. */
const reloadMs = 5000;

/** The manifest in effect, at hand for every check-in. Of a new one it hears by its subscription, whichever process published it. */
export class ManifestBoard {
  readonly subscription: Subscription = {
    channel: manifestChannel,
    heard: async () => this.#forget(),
    connected: async () => this.#forget(),
  };
  readonly #context: Pick<Context, 'db' | 'log'>;
  #current: Awaited<ReturnType<typeof loadManifest>> = null;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | null = null;
  /** Counts what was heard. */
  #generation = 0;

  constructor(context: Pick<Context, 'db' | 'log'>) {
    this.#context = context;
  }

  /** What to add to the reply to a check-in: nothing for an agent that uses it, has refused it, or knows none. */
  async replyTo({ manifest }: CheckIn): Promise<{ manifest?: SignedManifest }> {
    if (manifest === undefined) return {};
    if (performance.now() - this.#loadedAt > reloadMs) {
      this.#loading ??= this.#load().finally(() => (this.#loading = null));
      await this.#loading;
    }
    const current = this.#current;
    if (!current || current.version === manifest.version || current.version === manifest.refused?.version) return {};
    return { manifest: current.signed };
  }

  #forget(): void {
    this.#loadedAt = Number.NEGATIVE_INFINITY;
    this.#generation += 1;
  }

  /** Never throws: a check-in is worth more than a new manifest. */
  async #load(): Promise<void> {
    try {
      const generation = this.#generation;
      this.#current = await loadManifest(this.#context.db);
      // What was read may be older than what was heard meanwhile.
      if (generation === this.#generation) this.#loadedAt = performance.now();
    } catch (error) {
      this.#context.log.warn({ err: error }, 'the manifest cannot be read at present');
    }
  }
}
