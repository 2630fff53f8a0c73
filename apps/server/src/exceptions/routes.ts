import { randomUUID } from 'node:crypto';
import {
  decideException,
  endException,
  type Exception,
  exportVex,
  getException,
  getExceptionRules,
  importVex,
  listExceptions,
  type NewException,
  previewException,
  requestException,
  setExceptionRules,
} from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { mayUse } from '../auth/admit.ts';
import type { Caller } from '../auth/authenticate.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { unlessUnavailable } from '../http/unless-unavailable.ts';
import { carryOut, planAgainstKnown } from './carry-out-import.ts';
import { type ImportedException, readVexExceptions } from './import-vex.ts';
import type { ImportPlan } from './plan-import.ts';
import { resolveScope } from './resolve-scope.ts';
import {
  type AskedException,
  type Covered,
  decide,
  decided,
  end,
  type ExceptionRow,
  findException,
  findExceptions,
  insertException,
  loadRules,
  saveRules,
  stateOf,
} from './store.ts';
import { withinOwnScope } from './within-own-scope.ts';
import { writeVex } from './write-vex.ts';

const dayMs = 24 * 3600 * 1000;
const namesShown = 20;

type Asked = Omit<NewException, 'expiresInDays'> & {
  readonly expiresInDays: number | null;
  readonly source: Exception['source'];
  readonly document: string | null;
  readonly checks: ReadonlyMap<number, ReadonlySet<number> | null>;
};

/** Exceptions: asked for, decided, ended, and exchanged as VEX. */
export function registerExceptionRoutes(app: FastifyInstance, context: Context): void {
  const { db, clock, log, fleetIndex } = context;

  serve(app, context, listExceptions, async ({ query, caller: { organizationId } }) => {
    const now = clock();
    const ranked = query.sort === 'covered' ? await countCovered(organizationId) : new Map<string, number>();
    const { total, rows, next } = await findExceptions(db, { ...query, organizationId, now, covered: ranked });
    const covered = await coveredBy(organizationId, rows);
    return { total, items: rows.map((row) => toException(row, { now, covered })), next };
  });

  serve(app, context, getException, async ({ params: { exceptionId }, caller: { organizationId } }) => {
    const row = await find(organizationId, exceptionId);
    return toException(row, { now: clock(), covered: await coveredBy(organizationId, [row]) });
  });

  async function find(organizationId: string, id: string): Promise<ExceptionRow> {
    const row = await findException(db, organizationId, id);
    if (!row) throw new ApiError('NOT_FOUND', `There is no exception ${id}.`);
    return row;
  }

  /** After a change: without how much it covers where the fleet index cannot say. */
  async function showStored(organizationId: string, id: string): Promise<Exception> {
    const row = await find(organizationId, id);
    return toException(row, { now: clock(), covered: await unlessUnavailable(coveredBy(organizationId, [row])) });
  }

  /** Without one that holds the fleet index is not waited for. */
  async function coveredBy(organizationId: string, rows: readonly ExceptionRow[]): Promise<Covered> {
    return rows.some((row) => stateOf(row, clock()) === 'active') ? countCovered(organizationId) : new Map();
  }

  /** Open detections under each exception that holds now. */
  async function countCovered(organizationId: string): Promise<Covered> {
    const { excepted } = await fleetIndex.current(organizationId);
    const sizes = [...excepted.byException].map(([id, byCheck]): [string, number] => [
      id,
      [...byCheck.values()].reduce((count, { size }) => count + size, 0),
    ]);
    return new Map(sizes);
  }

  serve(app, context, previewException, async ({ body, caller }) => {
    refuseBlind(caller);
    const { checks, names, ...counts } = await resolveScope(context, caller.organizationId, body);
    return { ...counts, checks: checks.size, names: names.slice(0, namesShown) };
  });

  serve(app, context, requestException, async ({ body: { dryRun, ...body }, caller }) => {
    refuseBlind(caller);
    const { checks, names, detections } = await resolveScope(context, caller.organizationId, body);
    if (checks.size === 0)
      throw new ApiError('BAD_REQUEST', 'body.query: nothing is found by it now; there is nothing to except');
    const asked = await prepare(caller, { ...body, checks, source: 'person', document: null });
    if (!dryRun) return showStored(caller.organizationId, await ask(asked));
    const row = {
      ...decided(asked),
      id: randomUUID(),
      checks: checks.size,
      names: names.slice(0, namesShown),
      endedBy: null,
      endedAt: null,
      superseded: false,
    };
    return toException(row, { now: asked.requestedAt, covered: new Map([[row.id, detections]]) });
  });

  /** What is to be asked for; approved at once where nobody else has to say yes. Throws ApiError where the rules do not allow it. */
  async function prepare(caller: Caller, asked: Asked): Promise<AskedException> {
    const { organizationId, login } = caller;
    const now = clock();
    const { secondPerson, maxDays } = await loadRules(db, organizationId);
    const { expiresInDays, ...rest } = asked;
    const days = expiresInDays ?? maxDays;
    if (days !== null && maxDays !== null && days > maxDays) {
      throw new ApiError('BAD_REQUEST', `body.expiresInDays: an exception holds for at most ${maxDays} days here`);
    }
    if (asked.justification !== null && asked.status !== 'not_affected') {
      throw new ApiError('BAD_REQUEST', 'body.justification: it says why something is not affected; the status says otherwise');
    }
    return {
      ...rest,
      assets: withinOwnScope(caller, asked.assets, now),
      organizationId,
      requestedBy: login,
      requestedAt: now,
      expiresAt: days === null ? null : new Date(now.getTime() + days * dayMs),
      approvedBy: !secondPerson && mayUse(caller, 'exception:approve') ? login : null,
    };
  }

  async function ask(asked: AskedException): Promise<string> {
    const { organizationId, query, assets, requestedBy: by } = asked;
    const id = await db.transaction().execute((tx) => insertException(tx, asked));
    log.info({ audit: 'exception', organizationId, id, query, assets, by }, 'an exception was asked for');
    return id;
  }

  serve(app, context, decideException, async ({ params: { exceptionId }, body: { decision }, caller }) => {
    const { organizationId, login } = caller;
    const known = await find(organizationId, exceptionId);
    const { secondPerson } = await loadRules(db, organizationId);
    if (secondPerson && decision === 'approved' && known.requestedBy === login) {
      throw new ApiError('FORBIDDEN', 'Somebody else has to approve what you asked for.');
    }
    const now = clock();
    if (known.expiresAt !== null && known.expiresAt <= now) throw new ApiError('CONFLICT', 'Its time is over: ask for it again.');
    const by = { decision, decidedBy: login, decidedAt: now };
    if (!(await decide(db, { organizationId, id: exceptionId }, by))) throw new ApiError('CONFLICT', 'It was decided before.');
    log.info({ audit: 'exception-decision', organizationId, id: exceptionId, decision, by: login }, 'an exception was decided');
    return showStored(organizationId, exceptionId);
  });

  serve(app, context, endException, async ({ params: { exceptionId }, caller }) => {
    const { organizationId, login, scopes } = caller;
    const { requestedBy } = await find(organizationId, exceptionId);
    // One of somebody else may hold for assets that they do not see.
    if (scopes.length > 0 && requestedBy !== login)
      throw new ApiError('FORBIDDEN', 'Whoever may see only some assets ends the exceptions they asked for themselves.');
    const by = { endedBy: login, endedAt: clock() };
    if (!(await end(db, { organizationId, id: exceptionId }, by))) throw new ApiError('CONFLICT', 'It has ended before.');
    log.info({ audit: 'exception-ended', organizationId, id: exceptionId, by: login }, 'an exception was ended');
    return showStored(organizationId, exceptionId);
  });

  serve(app, context, getExceptionRules, ({ caller }) => loadRules(db, caller.organizationId));

  serve(app, context, setExceptionRules, async ({ body, caller: { organizationId, login } }) => {
    await saveRules(db, organizationId, { ...body, changedAt: clock(), changedBy: login });
    log.info({ audit: 'exception-rules', organizationId, ...body, by: login }, 'the rules of exceptions were set');
    return body;
  });

  async function installedIn(organizationId: string): Promise<(packageVersion: number) => boolean> {
    const { packages } = await fleetIndex.current(organizationId);
    return (packageVersion) => {
      const assets = packages.assetsWithAny([packageVersion]);
      const { isEmpty } = assets;
      assets.dispose();
      return !isEmpty;
    };
  }

  serve(app, context, exportVex, async ({ query, caller: { organizationId } }) => {
    const installed = () => installedIn(organizationId);
    return writeVex(db, { organizationId, now: clock(), format: query.standard, assets: query.assets, installed });
  });

  serve(app, context, importVex, async ({ body, caller, note }) => {
    refuseBlind(caller);
    const { organizationId } = caller;
    const now = clock();
    const reading = await readVexExceptions(db, body.document, () => installedIn(organizationId));
    const { assets: only, expiresInDays } = body;
    const prepared = new Map<ImportedException, AskedException>();
    for (const one of reading.asked)
      prepared.set(one, await prepare(caller, { ...one, assets: only, expiresInDays, document: reading.id }));
    const wish = { caller, reading, assets: withinOwnScope(caller, only, now), prepared, now };
    if (body.dryRun) return { requested: [], ...told(await planAgainstKnown(db, wish)) };
    const { plan, ids } = await carryOut(db, wish);
    const { unchanged, replaced, upheld } = told(plan);
    note({ requested: ids, replaced, upheld, unchanged: unchanged.length });
    log.info({ audit: 'vex', organizationId, requested: ids, replaced, by: caller.login }, 'a VEX document was imported');
    const stored: ExceptionRow[] = [];
    for (const id of ids) stored.push(await find(organizationId, id));
    const covered = await unlessUnavailable(coveredBy(organizationId, stored));
    return { requested: stored.map((row) => toException(row, { now, covered })), ...told(plan) };
  });
}

/** What something would be given for says what is found where. */
function refuseBlind(caller: Caller): void {
  if (!mayUse(caller, 'detection:read')) throw new ApiError('FORBIDDEN', 'It is about detections: it takes detection:read, too');
}

/** A plan as the reply has it. */
function told({ asked, skipped, unchanged, replaced, upheld }: ImportPlan) {
  return {
    wanted: asked.map(({ query, status, justification, reason, comment, checks }) => {
      const packageVersions = new Set([...checks.values()].flatMap((ids) => [...ids])).size;
      return { query, status, justification, reason, comment, checks: checks.size, packageVersions };
    }),
    skipped: [...skipped],
    unchanged: unchanged.map(({ exceptionId, query, state }) => ({ exceptionId, query, state })),
    replaced: replaced.map(({ known: { exceptionId, query, state }, why }) => ({ exceptionId, query, state, why })),
    upheld: upheld.map(({ known: { exceptionId, state }, echo: { query, document } }) => ({
      exceptionId,
      query,
      state,
      document,
    })),
  };
}

function toException(row: ExceptionRow, { now, covered }: { now: Date; covered: Covered | null }): Exception {
  const { id, requestedAt, decidedAt, expiresAt, endedAt, ...rest } = row;
  const state = stateOf(row, now);
  return {
    ...rest,
    exceptionId: id as Exception['exceptionId'], // from our own table
    state,
    covered: state === 'active' && covered ? (covered.get(id) ?? 0) : null,
    requestedAt: requestedAt.toISOString(),
    decidedAt: decidedAt?.toISOString() ?? null,
    expiresAt: expiresAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
  };
}
