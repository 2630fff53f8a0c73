import type { Behind, EventPart } from './event-kind.ts';
import { compareValues, type OrderValue } from './event-order.ts';

/** Where an event of a kind stands. */
export interface EventPlace {
  readonly value: OrderValue;
  readonly at: number;
  readonly key: string;
}

/** So many more than are wanted are kept before they are sorted. */
const slack = 10_000;

/** The first so many of those that were offered, behind a place. */
export class FirstEvents<Found extends EventPlace> {
  readonly #part: EventPart;
  #found: Found[] = [];
  /** The last of a full page, before which whatever is still wanted stands. */
  #last: Found | null = null;

  constructor(part: EventPart) {
    this.#part = part;
  }

  get isFull(): boolean {
    return this.#found.length >= this.#part.limit;
  }

  offer(found: Found): void {
    const { behind, limit } = this.#part;
    if (behind && !this.#isBehind(found, behind)) return;
    if (this.isLate(found)) return;
    this.#found.push(found);
    if (this.#found.length > limit * 2 + slack) this.take();
  }

  /** Whether it is known already that whatever stands at this place or behind it comes too late. */
  isLate(place: EventPlace): boolean {
    return this.#last !== null && this.compare(this.#last, place) < 0;
  }

  /** Whether whatever stands at this place or behind it comes too late. */
  isFullBefore(place: EventPlace): boolean {
    if (!this.isFull) return false;
    const last = this.take().at(-1);
    return last !== undefined && this.compare(last, place) < 0;
  }

  /** Whether all of that value and moment comes before what is wanted. */
  isTold({ value, at }: EventPlace): boolean {
    const { behind } = this.#part;
    return behind !== null && this.compare({ value, at, key: '' }, { ...behind, key: '' }) < 0;
  }

  take(): readonly Found[] {
    this.#found = this.#found.toSorted(this.compare).slice(0, this.#part.limit);
    if (this.isFull) this.#last = this.#found.at(-1) ?? null;
    return this.#found;
  }

  readonly compare = (a: EventPlace, b: EventPlace): number => {
    const compared = compareValues(a.value, b.value) || b.at - a.at || compareValues(a.key, b.key);
    return this.#part.order.isTurned ? -compared : compared;
  };

  #isBehind(place: EventPlace, { value, at, told }: Behind): boolean {
    if (typeof told !== 'string') return this.compare(place, { value, at, key: told.upTo }) > 0;
    const compared = this.compare({ ...place, key: '' }, { value, at, key: '' });
    return told === 'all' ? compared > 0 : compared >= 0;
  }
}
