import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { ApiError } from '../http/api-error.ts';

const firstLockMs = 5_000;
const longestLockMs = 15 * 60_000;
/** After so long without a failure all is forgotten. */
const forgetAfterMs = 3600_000;

interface Subject {
  readonly subject: string;
  /** So many failures cost nothing. */
  readonly allowed: number;
}

/**
 * What is counted for a login: guesses from one address, and, with more patience, from everywhere, so that somebody elsewhere cannot lock
 * its owner out so easily. Logins that do not exist count alike: nobody learns which ones do.
 */
export function guessesOf(login: string, address: string): Subject[] {
  const name = login.toLowerCase().slice(0, 200);
  return [
    { subject: `login ${name}`, allowed: 30 },
    { subject: `login ${name} from ${address}`, allowed: 5 },
  ];
}

/**
 * Counts a guess as wrong before it is looked at, so that many at once count as many; `forgive` when it was right. Each one beyond what is
 * allowed locks for twice as long as the one before, up to a quarter of an hour. Throws ApiError TOO_MANY_REQUESTS while locked.
 */
export async function countGuess(db: Kysely<Database>, subjects: readonly Subject[], now: Date): Promise<void> {
  const lockedUntil = await db.transaction().execute(async (transaction) => {
    let latest = 0;
    for (const { subject, allowed } of subjects) {
      await transaction
        .insertInto('loginFailure')
        .values({ subject, failures: 0, failedAt: now, lockedUntil: null })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const row = await transaction
        .selectFrom('loginFailure')
        .selectAll()
        .where('subject', '=', subject)
        .forUpdate()
        .executeTakeFirstOrThrow();
      if (row.lockedUntil && row.lockedUntil > now) {
        latest = Math.max(latest, row.lockedUntil.getTime());
        continue;
      }
      const failures = now.getTime() - row.failedAt.getTime() > forgetAfterMs ? 1 : row.failures + 1;
      const lock = failures < allowed ? null : new Date(now.getTime() + lockMs(failures - allowed));
      await transaction
        .updateTable('loginFailure')
        .set({ failures, failedAt: now, lockedUntil: lock })
        .where('subject', '=', subject)
        .execute();
    }
    return latest;
  });
  if (lockedUntil === 0) return;
  const retryAfterSeconds = Math.max(1, Math.ceil((lockedUntil - now.getTime()) / 1000));
  const message = `Too many failed logins; the next try counts in ${retryAfterSeconds} s`;
  throw new ApiError('TOO_MANY_REQUESTS', message, { retryAfterSeconds });
}

function lockMs(beyond: number): number {
  return Math.min(longestLockMs, firstLockMs * 2 ** Math.min(beyond, 20));
}

/** After a right one; sweeps up what is old. */
export async function forgive(db: Kysely<Database>, subjects: readonly Subject[], now: Date): Promise<void> {
  await db
    .deleteFrom('loginFailure')
    .where((where) =>
      where.or([
        where(
          'subject',
          'in',
          subjects.map(({ subject }) => subject),
        ),
        where('failedAt', '<', new Date(now.getTime() - 24 * forgetAfterMs)),
      ]),
    )
    .execute();
}

/** What was tried for a login from anywhere. */
export async function forgiveLogin(db: Kysely<Database>, login: string): Promise<void> {
  const name = login.toLowerCase().slice(0, 200);
  await db
    .deleteFrom('loginFailure')
    .where((where) =>
      where.or([
        where('subject', '=', `login ${name}`),
        where(where.fn('starts_with', ['subject', where.val(`login ${name} from `)]), '=', true as never),
      ]),
    )
    .execute();
}
