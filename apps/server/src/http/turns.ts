import { ApiError } from './api-error.ts';

/** A browser opens so many connections to a platform; the database gives sixteen to all. */
const atOnce = 6;
/** Beyond it somebody is not waiting for answers any more. */
const mostWaiting = 100;

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * So many requests of one user are answered at a time, the others wait in line: whoever asks twenty costly questions at once shall not keep
 * everybody else, and the agents, from the database.
 */
export class Turns {
  readonly #lines = new Map<string, Line>();

  /** Does the task when it is the user's turn. Throws ApiError TOO_MANY_REQUESTS where too many wait already. */
  async take<Result>(userId: string, task: () => Promise<Result>): Promise<Result> {
    const line = this.#lines.get(userId) ?? { running: 0, waiting: [] };
    this.#lines.set(userId, line);
    if (line.running < atOnce) line.running += 1;
    else {
      if (line.waiting.length >= mostWaiting) {
        throw new ApiError('TOO_MANY_REQUESTS', 'Too many of your requests wait for an answer', { retryAfterSeconds: 1 });
      }
      // Who ends hands its turn on, so `running` stays.
      await new Promise<void>((resolve) => line.waiting.push(resolve));
    }
    try {
      return await task();
    } finally {
      this.#end(userId, line);
    }
  }

  #end(userId: string, line: Line): void {
    const next = line.waiting.shift();
    if (next) return next();
    line.running -= 1;
    if (line.running === 0) this.#lines.delete(userId);
  }
}
