import type { Transition } from './detection-history.ts';
import { PageWriter, type TransitionPage } from './transition-page.ts';
import { kindOf, TransitionRun } from './transition-run.ts';

/** To put so many in order takes a millisecond. */
const capacity = 4096;

/** Transitions of single assets as they came: few enough to be put in order anew for the next question. */
export class NewestTransitions {
  #at = new Float64Array(64);
  #place = new Int32Array(64);
  #asset = new Uint32Array(64);
  #kind = new Uint8Array(64);
  #length = 0;
  #page: TransitionPage | null = null;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  get isFull(): boolean {
    return this.#length === capacity;
  }

  add(place: number, asset: number, transition: Transition): void {
    if (this.#length === this.#at.length) this.#grow();
    this.#at[this.#length] = transition.at;
    this.#place[this.#length] = place;
    this.#asset[this.#length] = asset;
    this.#kind[this.#length] = kindOf(transition);
    this.#length += 1;
    this.#page = null;
  }

  /** All of them. */
  get page(): TransitionPage {
    return (this.#page ??= this.#inOrder());
  }

  /** All of them, which are no longer here then. */
  take(): TransitionPage {
    const { page } = this;
    [this.#length, this.#page] = [0, null];
    return page;
  }

  #inOrder(): TransitionPage {
    const [at, place] = [this.#at, this.#place];
    const order = new Uint32Array(this.#length);
    for (let number = 0; number < order.length; number += 1) order[number] = number;
    order.sort((a, b) => (place[a] ?? 0) - (place[b] ?? 0) || (at[a] ?? 0) - (at[b] ?? 0) || a - b);
    const writer = new PageWriter(this.#length);
    const run = new TransitionRun({ at, asset: this.#asset, kind: this.#kind });
    for (const number of order) {
      run.place = place[number] ?? 0;
      writer.write(run, number);
    }
    return writer.end();
  }

  #grow(): void {
    const [{ length }, at, place, asset, kind] = [this.#at, this.#at, this.#place, this.#asset, this.#kind];
    [this.#at, this.#place] = [new Float64Array(2 * length), new Int32Array(2 * length)];
    [this.#asset, this.#kind] = [new Uint32Array(2 * length), new Uint8Array(2 * length)];
    this.#at.set(at);
    this.#place.set(place);
    this.#asset.set(asset);
    this.#kind.set(kind);
  }
}
