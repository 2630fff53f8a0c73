import { Cron } from 'croner';
import { ApiError } from '../http/api-error.ts';

/** Reports are for people, and making one takes time. */
const leastGapMs = 10 * 60_000;
/** As many as show the least gap of every pattern: its closest hours are within a day, its closest minutes within two of its hours. */
const looked = 24 * 6 + 1;

interface Times {
  readonly cron: string;
  readonly timeZone: string;
}

/**
 * The first moment after `after` at which a schedule is due, by the clock of its time zone; null where there is none. An hour that the clock
 * goes through twice counts once; what falls into one that it leaves out comes right behind. Throws ApiError BAD_REQUEST for what is no
 * schedule.
 */
export function nextRun({ cron, timeZone }: Times, after: Date): Date | null {
  try {
    // Five fields: minutes are the smallest.
    return new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' }).nextRun(after);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new ApiError('BAD_REQUEST', `body.cron: this is no schedule in a known time zone (${why})`, { cause: error });
  }
}

/**
 * The same for one that somebody wants to have. Throws ApiError BAD_REQUEST also where it never comes, and where it ever comes more often than every ten minutes,
 * whenever that is: by the clock of no zone, so that a night in which the clock is changed does not decide.
 */
export function firstRun(times: Times, after: Date): Date {
  const first = nextRun(times, after);
  if (first === null) throw new ApiError('BAD_REQUEST', 'body.cron: there is no such day, as the 31st of February');
  const runs = new Cron(times.cron, { timezone: 'UTC', paused: true, mode: '5-part' }).nextRuns(looked, after);
  const isTooOften = runs.some((run, at) => at > 0 && run.getTime() - (runs[at - 1]?.getTime() ?? 0) < leastGapMs);
  if (isTooOften) throw new ApiError('BAD_REQUEST', 'body.cron: at most once in ten minutes');
  return first;
}
