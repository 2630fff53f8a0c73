import { randomUUID } from 'node:crypto';
import type { AuditHead } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { outsideScope } from '../db/asset-scope.ts';
import type { Database } from '../db/schema.ts';
import { appendWithin, type NewAuditEvent } from './append-audit.ts';

type Db = Kysely<Database>;

const aliveMs = 60_000;
/** Of whoever has not said for so long that he is at it, nothing more is expected. */
export const abandonedMs = 3 * aliveMs;

/** Writes down that something begins. Times are the database's own: the clocks of several processes differ. */
export async function beginIntent(db: Db, event: Omit<NewAuditEvent, 'outcome'>): Promise<string> {
  const id = randomUUID();
  const { organizationId } = event;
  await db
    .insertInto('auditIntent')
    .values({ id, organizationId, event: JSON.stringify(event) })
    .execute();
  return id;
}

/** Says every minute that an operation goes on, until it is disposed of. */
export function keepAlive(db: Db, id: string): Disposable {
  const touch = () =>
    db
      .updateTable('auditIntent')
      .set({ aliveAt: sql<Date>`now()` })
      .where('id', '=', id)
      .execute();
  const timer = outsideScope(() => setInterval(() => void touch().catch(() => undefined), aliveMs)).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Nothing was changed: there is nothing to tell. */
export async function dropIntent(db: Db, id: string): Promise<void> {
  await db.deleteFrom('auditIntent').where('id', '=', id).execute();
}

/**
 * Puts the event into the place of the intent. The intent first, then the chain, as everybody does, so that nobody waits for each other in
 * a circle. Also where the intent was taken for abandoned in between: two events then tell of it, none is lost.
 */
export async function settleIntent(
  db: Db,
  { id, event, now }: { readonly id: string; readonly event: NewAuditEvent; readonly now: Date },
): Promise<AuditHead> {
  return db.transaction().execute(async (transaction) => {
    await dropIntent(transaction, id);
    return appendWithin(transaction, event, now);
  });
}

export interface SettledIntent {
  readonly event: NewAuditEvent;
  readonly head: AuditHead;
}

/**
 * Tells of the oldest operation that nobody is at any more: `failed`, for some of it may be done. Null where there is none. Several
 * processes may do so at once.
 */
export async function settleAbandoned(
  db: Db,
  { now, olderThanMs = abandonedMs }: { readonly now: Date; readonly olderThanMs?: number },
): Promise<SettledIntent | null> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ event: string; begunAt: Date }>`
      delete from audit_intent where id = (
        select id from audit_intent where alive_at <= now() - ${`${olderThanMs} milliseconds`}::interval
        order by begun_at limit 1 for update skip locked)
      returning event, begun_at`.execute(transaction);
    const [row] = rows;
    if (!row) return null;
    const begun = JSON.parse(row.event) as Omit<NewAuditEvent, 'outcome'>; // as beginIntent wrote it
    const known = typeof begun.detail === 'string' ? { input: begun.detail } : begun.detail;
    const detail = { ...known, interrupted: true, begunAt: row.begunAt.toISOString() };
    const event: NewAuditEvent = { ...begun, detail, outcome: 'failed' };
    return { event, head: await appendWithin(transaction, event, now) };
  });
}
