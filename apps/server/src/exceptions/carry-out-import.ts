import { type Kysely, sql } from 'kysely';
import type { Caller } from '../auth/authenticate.ts';
import type { Database } from '../db/schema.ts';
import type { ImportedException, VexReading } from './import-vex.ts';
import { type KnownException, loadKnown, newerVersion, rememberVersion, supersede } from './known-vex.ts';
import { type ImportPlan, planImport } from './plan-import.ts';
import { type AskedException, insertException } from './store.ts';

type Db = Kysely<Database>;

export interface VexImport {
  readonly caller: Pick<Caller, 'organizationId' | 'login' | 'scopes'>;
  readonly reading: VexReading;
  /** For which it is believed, as exceptions have it. */
  readonly assets: string;
  /** Each statement as it would be asked for. */
  readonly prepared: ReadonlyMap<ImportedException, AskedException>;
  readonly now: Date;
}

/** What an import does now; of a document of which a newer version is known, nothing. */
export async function planAgainstKnown(db: Db, { caller, reading, assets, now }: VexImport): Promise<ImportPlan> {
  const key = { organizationId: caller.organizationId, assets };
  const newer = await newerVersion(db, key, reading);
  if (newer !== null) return outdated(reading, newer);
  // Whoever may see only some assets ends what they asked for themselves.
  const mayEnd = ({ requestedBy }: KnownException): boolean => caller.scopes.length === 0 || requestedBy === caller.login;
  return planImport(reading, await loadKnown(db, key, now), mayEnd);
}

/** Does it, all or nothing; gives the ids of the exceptions that were asked for. */
export async function carryOut(db: Db, one: VexImport): Promise<{ readonly plan: ImportPlan; readonly ids: readonly string[] }> {
  const { caller, reading, assets, prepared, now } = one;
  const { organizationId, login } = caller;
  return db.transaction().execute(async (tx) => {
    // One import after the other: otherwise two of the same at once would ask twice.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`vex ${organizationId}`}, 0))`.execute(tx);
    const plan = await planAgainstKnown(tx, one);
    const ids: string[] = [];
    for (const statement of plan.asked) {
      const asked = prepared.get(statement);
      if (asked) ids.push(await insertException(tx, asked));
    }
    const ended = plan.replaced.map(({ known }) => known.exceptionId);
    await supersede(tx, { organizationId, ids: ended }, { endedBy: login, endedAt: now });
    if (!plan.isOutdated)
      await rememberVersion(tx, { organizationId, assets }, { document: reading, importedAt: now, importedBy: login });
    return { plan, ids };
  });
}

function outdated({ asked, skipped }: VexReading, newer: string): ImportPlan {
  const why = `a newer version of the document was imported before: ${newer}`;
  const passed = asked.map(({ query }) => ({ vulnerability: query.slice('name:"'.length, -1), why }));
  return { asked: [], unchanged: [], replaced: [], skipped: [...passed, ...skipped], isOutdated: true };
}
