import type { CheckIn, SignedManifest } from '@vedette/protocol';
import type { Context } from '../context.ts';
import { loadManifest } from './publish-manifest.ts';

/** How soon a manifest that another process published is handed out. */
const reloadMs = 5000;

/** The manifest in effect, at hand for every check-in. */
export class ManifestBoard {
  readonly #context: Pick<Context, 'db' | 'log'>;
  #current: Awaited<ReturnType<typeof loadManifest>> = null;
  #loadedAt = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | null = null;

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

  /** Never throws: a check-in is worth more than a new manifest. */
  async #load(): Promise<void> {
    try {
      this.#current = await loadManifest(this.#context.db);
      this.#loadedAt = performance.now();
    } catch (error) {
      this.#context.log.warn({ err: error }, 'the manifest cannot be read at present');
    }
  }
}
