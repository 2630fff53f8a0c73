import type { Collector, Watch } from '@vedette/collectors';
import { type HostWatch, watchHost, type WatchWay } from '@vedette/host';

export interface ManifestWatchParts {
  /** What is watched in any case. */
  readonly watched: ReadonlySet<Watch>;
  readonly onChange: (watch: Watch) => void;
  readonly onOverflow: () => void;
}

/** Watches what the collectors of the manifest in use name, beside what is watched in any case. */
export class ManifestWatch implements Disposable {
  readonly #parts: ManifestWatchParts;
  #current: HostWatch | null = null;

  constructor(parts: ManifestWatchParts) {
    this.#parts = parts;
  }

  /** From now on for these; what is still wanted is watched without a gap. */
  follow(collectors: readonly Collector[]): void {
    const { watched, onChange, onOverflow } = this.#parts;
    const wanted = new Set(collectors.flatMap(({ watches, settlesWith = [] }) => [...watches, ...settlesWith]));
    const before = this.#current;
    const more = [...wanted].filter((watch) => !watched.has(watch));
    this.#current = more.length === 0 ? null : watchHost(more, onChange, { onOverflow });
    before?.[Symbol.dispose]();
  }

  ways(): ReadonlyMap<Watch, WatchWay> {
    return this.#current?.ways() ?? new Map();
  }

  [Symbol.dispose](): void {
    this.#current?.[Symbol.dispose]();
    this.#current = null;
  }
}
