import { isDataError } from '../db/database-error.ts';

interface Waiting<Ask, Answer> {
  readonly ask: Ask;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Questions to the database, many with one statement: those that come while some are being answered are the next ones. When all
 * agents come at once, each then costs a fraction of what one alone costs.
 */
export class Gathering<Ask, Answer> {
  readonly #work: (asks: readonly Ask[]) => Promise<readonly Answer[]>;
  readonly #most: number;
  #waiting: Waiting<Ask, Answer>[] = [];
  #isAtWork = false;

  /** `work` answers in the order of the questions. */
  constructor(work: (asks: readonly Ask[]) => Promise<readonly Answer[]>, most = 200) {
    this.#work = work;
    this.#most = most;
  }

  /** Rejects with what `work` threw. */
  ask(ask: Ask): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.push({ ask, resolve, reject });
    if (!this.#isAtWork) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#isAtWork = true;
    while (this.#waiting.length > 0) await this.#answer(this.#waiting.splice(0, this.#most));
    this.#isAtWork = false;
  }

  /** Never rejects. A value that the database cannot hold costs its own question, not those that travel with it. */
  async #answer(some: readonly Waiting<Ask, Answer>[]): Promise<void> {
    try {
      const answers = await this.#work(some.map(({ ask }) => ask));
      for (const [index, { resolve }] of some.entries()) resolve(answers[index] as Answer); // as many as questions
    } catch (error) {
      if (some.length === 1 || !isDataError(error)) {
        for (const { reject } of some) reject(error);
        return;
      }
      const half = Math.ceil(some.length / 2);
      await this.#answer(some.slice(0, half));
      await this.#answer(some.slice(half));
    }
  }
}
