import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { judgePackageVersions } from './judge-package-versions.ts';
import { lockKnowledgeShared } from './lock.ts';

/** So many in one transaction: it holds the shared lock, for which an import waits. */
const defaultPart = 5000;

/** While PostgreSQL writes what one part came to, the next is judged. */
const lanes = 2;

/**
 * Judges package versions that wait for it, the oldest first, until none is left, also none that somebody else was judging; returns how
 * many it judged itself. Several servers may do so at once. Stops anywhere without harm: what is not committed waits still.
 */
export async function judgeUnjudged(db: Kysely<Database>, partSize = defaultPart): Promise<number> {
  const { rows } = await sql<{ many: boolean }>`
    select exists (select from unjudged offset ${partSize}) as many`.execute(db);
  const wanted = rows[0]?.many === true ? lanes : 1;
  const ended = await Promise.allSettled(Array.from({ length: wanted }, () => judgeAll(db, partSize)));
  const judged = ended.reduce((sum, lane) => {
    if (lane.status === 'rejected') throw lane.reason;
    return sum + lane.value;
  }, 0);
  return (await othersLeaveSome(db)) ? judged + (await judgeUnjudged(db, partSize)) : judged;
}

/** Waits for whoever judges; true if something waits then, because it is new or because they gave up. */
async function othersLeaveSome(db: Kysely<Database>): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    await comeAgainLater(tx);
    const { rows } = await sql`select from unjudged order by package_version_id limit 1 for key share`.execute(tx);
    return rows.length > 0;
  });
}

/** Rather come again than hold a connection through a long import. */
async function comeAgainLater(tx: Kysely<Database>): Promise<void> {
  await sql`set local lock_timeout = '10s'`.execute(tx);
}

async function judgeAll(db: Kysely<Database>, partSize: number): Promise<number> {
  for (let total = 0; ;) {
    const judged = await db.transaction().execute(async (tx) => {
      await comeAgainLater(tx);
      await lockKnowledgeShared(tx);
      return judgeSomeUnjudged(tx, partSize);
    });
    if (judged === 0) return total;
    total += judged;
  }
}

/** One part of those that nobody else is judging; the caller holds the knowledge lock, shared or not. */
export async function judgeSomeUnjudged(tx: Kysely<Database>, partSize = defaultPart): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    select package_version_id as id from unjudged order by 1 limit ${partSize} for update skip locked`.execute(tx);
  if (rows.length === 0) return 0;
  const ids = rows.map(({ id }) => id);
  await judgePackageVersions(tx, ids);
  await sql`delete from unjudged where package_version_id = any(${ids})`.execute(tx);
  return ids.length;
}
