import { Cron } from 'croner';
import { ApiError } from '../http/api-error.ts';

/** Reports are for people, and making one takes time. */
const leastGapMs = 10 * 60_000;

/**
 * The first moment after `after` at which a schedule is due, by the clock of its time zone; null where there is none. Throws ApiError
 * BAD_REQUEST for what is no schedule or comes more often than every ten minutes.
 */
export function nextRun({ cron, timeZone }: { cron: string; timeZone: string }, after: Date): Date | null {
  try {
    // Five fields: minutes are the smallest.
    const times = new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' });
    const [first, second] = times.nextRuns(2, after);
    if (first && second && second.getTime() - first.getTime() < leastGapMs) {
      throw new ApiError('BAD_REQUEST', 'body.cron: at most once in ten minutes');
    }
    return first ?? null;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const why = error instanceof Error ? error.message : '';
    throw new ApiError('BAD_REQUEST', `body.cron: this is no schedule in a known time zone (${why})`, { cause: error });
  }
}
