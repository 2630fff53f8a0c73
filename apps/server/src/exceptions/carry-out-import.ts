import { type Kysely, sql } from 'kysely';
import type { Caller } from '../auth/authenticate.ts';
import type { Database } from '../db/schema.ts';
import { type ImportedException, reasonOf, type VexReading } from './import-vex.ts';
import {
  type Echo,
  echoKey,
  forgetEchoes,
  keepEcho,
  type KnownException,
  loadKnown,
  newerVersion,
  rememberVersion,
  supersede,
} from './known-vex.ts';
import { type ImportPlan, planImport, type Upheld } from './plan-import.ts';
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
    const made = new Map<object, string>();
    for (const statement of plan.asked) {
      const asked = prepared.get(statement);
      if (asked) made.set(statement, await insertException(tx, asked));
    }
    for (const one of plan.upheld) made.set(one, await insertException(tx, askedAgain(one, { organizationId, assets, now })));
    const ended = plan.replaced.map(({ known }) => known.exceptionId);
    await supersede(tx, { organizationId, ids: ended }, { endedBy: login, endedAt: now });
    if (!plan.isOutdated) {
      await rememberVersion(tx, { organizationId, assets }, { document: reading, importedAt: now, importedBy: login });
      await keepEchoes(tx, { plan, made, one });
    }
    return { plan, ids: [...made.values()] };
  });
}

/** As it was decided, and for no longer. */
function askedAgain(
  { known, echo }: Upheld,
  { organizationId, assets, now }: { readonly organizationId: string; readonly assets: string; readonly now: Date },
): AskedException {
  const { status, justification, requestedBy, decidedBy, state } = known;
  const { query, comment, source, document, checks } = echo;
  const ends = [known.expiresAt, echo.expiresAt].filter((at) => at !== null).map((at) => at.getTime());
  return {
    organizationId,
    assets,
    query,
    anyVersion: false,
    status,
    justification,
    reason: reasonOf(status, source),
    comment,
    source,
    document,
    requestedBy,
    requestedAt: now,
    expiresAt: ends.length === 0 ? null : new Date(Math.min(...ends)),
    approvedBy: state === 'active' ? decidedBy : null,
    checks,
  };
}

/** Keeps what the document says besides exceptions of others, and what others say besides those that came about. */
async function keepEchoes(
  tx: Db,
  { plan, made, one }: { plan: ImportPlan; made: ReadonlyMap<object, string>; one: VexImport },
): Promise<void> {
  const { caller, reading, assets, prepared, now } = one;
  const { organizationId } = caller;
  const key = { organizationId, assets };
  if (reading.id !== null) await forgetEchoes(tx, key, reading.id);
  for (const [known, statements] of Map.groupBy(plan.echoed.keys(), (statement) => plan.echoed.get(statement))) {
    const [first] = statements;
    const isOpen = known?.state === 'requested' || known?.state === 'active';
    // Nobody can take back what came without a name, and what a document asked for itself is no echo of it.
    if (!known || !first || !isOpen || known.document === null || known.document === reading.id) continue;
    const checks = new Map<number, Set<number>>();
    for (const [check, ids] of statements.flatMap((statement) => [...statement.checks]))
      checks.set(check, new Set([...(checks.get(check) ?? []), ...ids]));
    const said = JSON.stringify([first.query, [...checks].map(([check, ids]) => [check, [...ids]])]);
    const { query, comment, source } = first;
    const expiresAt = prepared.get(first)?.expiresAt ?? null;
    const echo: Echo = { key: echoKey(key, reading.id, said), document: reading.id, query, comment, source, checks, expiresAt };
    await keepEcho(tx, { organizationId, exceptionId: known.exceptionId }, { echo, heardAt: now });
  }
  for (const { echo, to } of plan.moved) {
    const exceptionId = made.get(to) ?? ('exceptionId' in to ? to.exceptionId : null);
    if (exceptionId !== null) await keepEcho(tx, { organizationId, exceptionId }, { echo, heardAt: now });
  }
}

function outdated({ asked, skipped }: VexReading, newer: string): ImportPlan {
  const why = `a newer version of the document was imported before: ${newer}`;
  const passed = asked.map(({ query }) => ({ vulnerability: query.slice('name:"'.length, -1), why }));
  const nothing = { asked: [], unchanged: [], replaced: [], upheld: [], moved: [], echoed: new Map() };
  return { ...nothing, skipped: [...passed, ...skipped], isOutdated: true };
}
