import { RoaringBitmap32 } from 'roaring-wasm';
import type { CheckDetections } from './check-detections.ts';
import { type ExceptionFilter, narrowToException } from './excepted.ts';
import type { OrganizationIndex } from './organization-index.ts';
import { PastMoment } from './past-moment.ts';
import { RecentTransitions } from './recent-transitions.ts';
import type { RankedCheck } from './verdict-book.ts';

/** What of the detections of each check is looked at. */
export interface LookedAt {
  /** Also those that are gone. */
  readonly isWithGone: boolean;
  /** Of the open ones. */
  readonly exception: ExceptionFilter;
}

/** One question about the detections of an index. Use it before the next await, and dispose it. */
export class Question {
  readonly index: OrganizationIndex;
  readonly lookedAt: LookedAt;
  /** The moment at which it is asked, in ms since 1970. */
  readonly moment: number;
  readonly #transitions = new Map<number, RecentTransitions>();
  readonly #answers = new Map<object, unknown>();
  readonly #moments = new Map<number, PastMoment>();

  constructor(index: OrganizationIndex, lookedAt: LookedAt, moment: number) {
    this.index = index;
    this.lookedAt = lookedAt;
    this.moment = moment;
  }

  /** What came and went since; the question's. */
  since(moment: number): RecentTransitions {
    const known = this.#transitions.get(moment) ?? new RecentTransitions(this.index, moment);
    this.#transitions.set(moment, known);
    return known;
  }

  /** What `ask` says of the index, for which it is asked once in this question. */
  once<Result>(ask: (index: OrganizationIndex) => Result): Result {
    if (!this.#answers.has(ask)) this.#answers.set(ask, ask(this.index));
    return this.#answers.get(ask) as Result; // what the same function answered
  }

  /** What was found at a moment, not before the index's `since`; the question's. */
  at(moment: number): PastMoment {
    const known = this.#moments.get(moment) ?? new PastMoment(this.index, moment);
    this.#moments.set(moment, known);
    return known;
  }

  dispose(): void {
    for (const one of [...this.#transitions.values(), ...this.#moments.values()]) one.dispose();
  }
}

/** A check, as more than information or as that, in a question: the assets on which it is looked for. They are made when first asked for. */
export class Candidate {
  readonly question: Question;
  readonly ranked: RankedCheck;
  readonly detections: CheckDetections;
  readonly isCovered: boolean;
  readonly #hasGone: boolean;
  readonly #owned: RoaringBitmap32[] = [];
  #isOpen: RoaringBitmap32 | null = null;
  #gone: RoaringBitmap32 | null = null;
  #universe: RoaringBitmap32 | null = null;

  constructor(question: Question, ranked: RankedCheck, detections: CheckDetections) {
    this.question = question;
    this.ranked = ranked;
    this.detections = detections;
    this.isCovered = question.index.excepted.byPlace.has(ranked.place);
    this.#hasGone = question.lookedAt.isWithGone && !detections.wasFixed.isEmpty;
  }

  /** All checks with the same number are looked for on the same assets; null where the check's own history tells. */
  get likeness(): number | null {
    const { index, lookedAt } = this.question;
    const { place, confirmed } = this.ranked;
    if (this.#hasGone || (this.isCovered && lookedAt.exception !== 'with')) return null;
    return 2 * index.book.subjectOf(place) + Number(confirmed);
  }

  /** How many assets it is looked for on, where that is known without making a set. */
  get knownSize(): number | null {
    const { exception } = this.question.lookedAt;
    if (exception === 'only' && !this.isCovered && !this.#hasGone) return 0;
    return this.likeness === null ? null : this.detections.count(this.ranked.confirmed);
  }

  /** Where it is found now, as far as is looked at. Not the caller's. */
  get isOpen(): RoaringBitmap32 {
    this.#isOpen ??= this.#makeOpen();
    return this.#isOpen;
  }

  /** Where it was found and is gone, as far as is looked at. Not the caller's. */
  get gone(): RoaringBitmap32 {
    this.#gone ??= this.#hasGone ? this.#makeGone() : nowhere;
    return this.#gone;
  }

  /** Where it is looked for: `isOpen` and, where asked for, where it was once. Not the caller's. */
  get universe(): RoaringBitmap32 {
    this.#universe ??= this.gone.isEmpty ? this.isOpen : this.#own(new RoaringBitmap32(this.gone)).orInPlace(this.isOpen);
    return this.#universe;
  }

  dispose(): void {
    for (const bitmap of this.#owned) bitmap.dispose();
  }

  #makeOpen(): RoaringBitmap32 {
    const { index, lookedAt } = this.question;
    const { place, confirmed } = this.ranked;
    const { open, information } = this.detections;
    const isNarrowed = lookedAt.exception === 'only' || (lookedAt.exception === 'without' && this.isCovered);
    // Most are as the index has them.
    if (!isNarrowed && confirmed && !information) return open;
    if (!isNarrowed && !confirmed && information) return information;
    const own = this.#own(new RoaringBitmap32((confirmed ? open : information) ?? []));
    if (confirmed && information) own.andNotInPlace(information);
    narrowToException(index.excepted, place, { assets: own, filter: lookedAt.exception });
    return own;
  }

  #makeGone(): RoaringBitmap32 {
    const { open, wasFixed, doubtful } = this.detections;
    const gone = this.#own(RoaringBitmap32.andNot(wasFixed, open));
    if (!this.ranked.confirmed) gone.andInPlace(doubtful);
    else if (!doubtful.isEmpty) gone.andNotInPlace(doubtful);
    return gone;
  }

  #own(bitmap: RoaringBitmap32): RoaringBitmap32 {
    this.#owned.push(bitmap);
    return bitmap;
  }
}

const nowhere = new RoaringBitmap32();
