import { RoaringBitmap32 } from 'roaring-wasm';
import type { Transition } from './detection-history.ts';
import type { TransitionLog } from './transition-log.ts';

/** Assets are put into a bitmap so many at a time: one by one each would cost a call. */
const part = 1024;

interface Group {
  readonly place: number;
  readonly transition: Transition;
  readonly assets: RoaringBitmap32;
  readonly waiting: number[];
}

/**
 * Takes transitions asset by asset, as histories tell them, and enters into a log what one knowledge version changed on many assets as one
 * entry of all these: a month of new checks on a large fleet is a thousand entries instead of fifty million.
 */
export class GatheredTransitions {
  readonly #log: TransitionLog;
  readonly #isKnowledgeTime: (at: number) => boolean;
  /** By time, and by check and kind. */
  readonly #groups = new Map<number, Map<number, Group>>();

  /** `isKnowledgeTime`: whether verdicts began or ended at a moment; what happened at others is of one asset each. */
  constructor(log: TransitionLog, isKnowledgeTime: (at: number) => boolean) {
    this.#log = log;
    this.#isKnowledgeTime = isKnowledgeTime;
  }

  add(place: number, asset: number, transition: Transition): void {
    const { at, from, to, first } = transition;
    if (!this.#isKnowledgeTime(at)) return this.#log.add(place, asset, transition);
    const groups = this.#groups.get(at) ?? new Map<number, Group>();
    if (groups.size === 0) this.#groups.set(at, groups);
    const key = place * 32 + from * 8 + to * 2 + Number(first);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { place, transition, assets: new RoaringBitmap32(), waiting: [] }));
    if (group.waiting.push(asset) === part) flush(group);
  }

  /** Forgets these assets, where they wait. */
  forget(assets: ReadonlySet<number>): void {
    const list = [...assets];
    for (const groups of this.#groups.values()) {
      for (const group of groups.values()) {
        flush(group);
        group.assets.removeMany(list);
      }
    }
  }

  /** Enters what waits. */
  settle(): void {
    for (const groups of this.#groups.values()) {
      for (const group of groups.values()) {
        const { place, transition, assets } = group;
        flush(group);
        if (assets.size > 1) this.#log.addMany(place, assets, transition);
        else {
          for (const asset of assets.toUint32Array()) this.#log.add(place, asset, transition);
          assets.dispose();
        }
      }
    }
    this.#groups.clear();
  }
}

function flush({ assets, waiting }: Group): void {
  assets.addMany(waiting);
  waiting.length = 0;
}
