import { ApiError } from './api-error.ts';

/** How a client waits for a platform that is busy. */
export interface Patience {
  /** Of one request, all its waits together. */
  readonly maxSeconds: number;
  /** Ends when another try is due. What it throws ends the request. */
  readonly pause: (seconds: number, why: ApiError) => Promise<void>;
}

const maxTries = 5;

/**
 * Asks again after as long as the platform says (Retry-After), where that is safe: of a request that changes something only behind 429,
 * which is said before anything is done; a 503 may come from its second half. Throws the last ApiError where patience ends.
 */
export async function askPatiently<Answer>(
  ask: () => Promise<Answer>,
  { isReading, patience: { maxSeconds, pause } }: { readonly isReading: boolean; readonly patience: Patience },
): Promise<Answer> {
  let waited = 0;
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || error.retryAfterSeconds === undefined || tries === maxTries) throw error;
      if (error.status !== 429 && !(error.status === 503 && isReading)) throw error;
      // A proxy may say 0: all tries would be over at once.
      const seconds = Math.max(1, error.retryAfterSeconds);
      waited += seconds;
      if (waited > maxSeconds) throw error;
      await pause(seconds, error);
    }
  }
}
