import { compileTest, type Field, foldQuery, type Query, type Scalar, type Test } from '@vedette/query';
import { riskScore } from '@vedette/matching';
import { isPostureCheck, type SilenceLimits } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import { newForDays } from '../detections/derive.ts';
import type { CheckDetections } from '../fleet-index/check-detections.ts';
import { narrowToException } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { RecentTransitions } from '../fleet-index/recent-transitions.ts';
import { holds, type RankedCheck } from '../fleet-index/verdict-book.ts';
import { type AssetContexts, prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { toCheckRisk } from '../risk/fleet-risk.ts';
import { findPackageVersions } from './software-query.ts';
import { type Condition, testCondition } from './test-condition.ts';

export interface QueryScope {
  readonly organizationId: string;
  readonly asOf: Date;
  readonly silence: SilenceLimits;
  /** How many more tags may be looked up. */
  readonly budget?: { tags: number } | undefined;
  /** Where assets are asked for as they were at a moment: their software and counts are those of then. Absent or null for now. */
  readonly past?: Date | null | undefined;
}

/** Gives a new bitmap of assets by their dense numbers, which the caller disposes; without waiting, as the index asks for. */
export type SelectAssets = (index: OrganizationIndex) => RoaringBitmap32;
/** Handed in: assets are asked for by their detections, and detections by their assets. */
export type PrepareAssets = (db: Kysely<Database>, query: Query, scope: QueryScope) => Promise<SelectAssets>;

const dayMs = 24 * 3600 * 1000;

/** Visits the detections that fit, check by check, worst first. The bitmap of assets is the visitor's for the visit alone. */
export type SelectDetections = (index: OrganizationIndex, visit: (check: RankedCheck, assets: RoaringBitmap32) => void) => void;

/** Where a part of a query holds for one check: everywhere, nowhere, or on these of the assets on which it is or was found. */
type Where = boolean | RoaringBitmap32;

interface Found {
  readonly index: OrganizationIndex;
  readonly ranked: RankedCheck;
  readonly detections: CheckDetections;
  /** Assets on which the check is or was found, as more than information or as that. */
  readonly universe: RoaringBitmap32;
  readonly isOpen: RoaringBitmap32;
  readonly moment: number;
  readonly since: (moment: number) => RecentTransitions;
}

type Evaluate = (found: Found) => Where;

/** How often a check is found counts only as long as it is found, unless the query says otherwise. */
export function speaksOfFixed(query: Query | null): boolean {
  return speaksOf(query, ['status', 'fixedAt']);
}

/** What an exception covers is left out, unless the query says otherwise. */
export function speaksOfException(query: Query | null): boolean {
  return speaksOf(query, ['exception', 'exceptionId']);
}

function speaksOf(query: Query | null, fields: readonly string[]): boolean {
  if (!query) return false;
  return foldQuery<boolean>(query, {
    all: (parts) => parts.some(Boolean),
    any: (parts) => parts.some(Boolean),
    not: (part) => part,
    test: ({ name }) => fields.includes(name),
    nested: () => false,
  });
}

/**
 * Whether the index can answer: it knows when detections came and went in its window alone, and not by which packages those that are
 * gone were found. `since` is where the window begins.
 */
export function indexAnswers(query: Query | null, since: number): boolean {
  if (!query) return true;
  const isWithFixed = speaksOfFixed(query);
  return foldQuery<boolean>(query, {
    all: (parts) => parts.every(Boolean),
    any: (parts) => parts.every(Boolean),
    not: (part) => part,
    test: ({ name }, test) => {
      if (name === 'package' || name === 'fixable') return !isWithFixed;
      if (name === 'fixedAt') return test.is === 'range' && test.from >= since && test.until === Infinity;
      return (
        name !== 'firstFound' ||
        (test.is === 'range' && [test.from, test.until].every((at) => !Number.isFinite(at) || at >= since))
      );
    },
    nested: (field) => field.of !== 'software' || !isWithFixed,
  });
}

/** Asks the database what it must, so that the index can then say which detections fit. For queries that the index answers. */
export async function prepareDetections(
  db: Kysely<Database>,
  query: Query | null,
  scope: QueryScope,
  prepareAssets: PrepareAssets,
): Promise<SelectDetections> {
  const evaluate = query ? await prepare(db, query, { scope, prepareAssets }) : () => true;
  const isWithFixed = speaksOfFixed(query);
  const exception = speaksOfException(query) ? 'with' : 'without';
  return (index, visit) => {
    const moment = index.momentFor(scope.asOf.getTime());
    const transitions = new Map<number, RecentTransitions>();
    const since = (from: number): RecentTransitions => {
      const known = transitions.get(from) ?? new RecentTransitions(index, from);
      transitions.set(from, known);
      return known;
    };
    for (const ranked of index.book.ranking) {
      const detections = index.checks[ranked.place];
      if (!detections) continue;
      const isOpen = openAs(detections, ranked.confirmed);
      narrowToException(index.excepted, ranked.place, { assets: isOpen, filter: exception });
      const universe = isWithFixed ? withGone(detections, ranked.confirmed, isOpen) : new RoaringBitmap32(isOpen);
      if (!universe.isEmpty)
        visitFitting(evaluate({ index, ranked, detections, universe, isOpen, moment, since }), universe, (assets) =>
          visit(ranked, assets),
        );
      isOpen.dispose();
      universe.dispose();
    }
    for (const one of transitions.values()) one.dispose();
  };
}

function visitFitting(where: Where, universe: RoaringBitmap32, visit: (assets: RoaringBitmap32) => void): void {
  if (where === false) return;
  if (where !== true) universe.andInPlace(where);
  if (where !== true) where.dispose();
  if (!universe.isEmpty) visit(universe);
}

async function prepare(
  db: Kysely<Database>,
  query: Query,
  by: { readonly scope: QueryScope; readonly prepareAssets: PrepareAssets },
): Promise<Evaluate> {
  return foldQuery<() => Promise<Evaluate>>(query, {
    all: (parts) => async () => {
      const all = await inTurn(parts);
      return (found) => combined(all, found, false);
    },
    any: (parts) => async () => {
      const all = await inTurn(parts);
      return (found) => combined(all, found, true);
    },
    not: (part) => async () => {
      const evaluate = await part();
      return (found) => opposite(evaluate(found), found.universe);
    },
    test: (field, test) => async () =>
      field.name === 'risk' ? byRisk(test, await prepareContexts(db, by.scope, by)) : prepareTest(db, field, test),
    nested: (field, part) => async () => {
      if (field.of === 'software') return madeBy(await findPackageVersions(db, part));
      const select = await by.prepareAssets(db, part, by.scope);
      const byIndex = new Map<OrganizationIndex, RoaringBitmap32>();
      return ({ index, universe }) => {
        const assets = byIndex.get(index) ?? select(index);
        byIndex.set(index, assets);
        return RoaringBitmap32.and(universe, assets);
      };
    },
  })();
}

async function inTurn(parts: readonly (() => Promise<Evaluate>)[]): Promise<Evaluate[]> {
  const all: Evaluate[] = [];
  for (const part of parts) all.push(await part());
  return all;
}

/** and, or: stops where the outcome is known, `decisive`. What belongs to the check alone comes before any bitmap is made. */
function combined(parts: readonly Evaluate[], found: Found, decisive: boolean): Where {
  let result: Where = !decisive;
  for (const part of parts) {
    const where = part(found);
    if (where === decisive) {
      if (typeof result !== 'boolean') result.dispose();
      return decisive;
    }
    if (typeof where === 'boolean') continue;
    if (typeof result === 'boolean') result = where;
    else {
      if (decisive) result.orInPlace(where);
      else result.andInPlace(where);
      where.dispose();
    }
  }
  return result;
}

function opposite(where: Where, universe: RoaringBitmap32): Where {
  if (typeof where === 'boolean') return !where;
  const rest = RoaringBitmap32.andNot(universe, where);
  where.dispose();
  return rest;
}

async function prepareTest(db: Kysely<Database>, field: Field, test: Test): Promise<Evaluate> {
  const passes = compileTest(test);
  switch (field.name) {
    case 'check':
      return ofCheck(({ check }) => check.number);
    case 'name':
      return ofCheck(({ check }) => check.name);
    case 'kind':
      return ofCheck(({ check }) => (isPostureCheck(check.number) ? 'posture' : 'vulnerability'));
    case 'severity':
      return ofCheck(({ severity }) => severity);
    case 'epss':
      return ofCheck(({ check }) => check.epss);
    case 'kev':
      return ofCheck(({ check, confirmed }) => confirmed && check.exploited);
    case 'cvss':
    case 'confidence': {
      const checks = await findChecks(db, testCondition(bodyColumns[field.name], field, test));
      // What is information about an asset is so whatever the check is otherwise.
      const asInformation = field.name === 'confidence' && passes('information');
      return ({ ranked: { check, confirmed } }) =>
        confirmed || field.name === 'cvss' ? checks.has(check.number) : asInformation;
    }
    case 'status':
      return (found) => byStatus(found, passes);
    case 'firstFound':
      return (found) => byFirstFound(found, test);
    case 'fixedAt':
      return (found) => byFixedAt(found, test);
    case 'exception':
      return (found) => byException(found, passes);
    case 'exceptionId':
      return (found) => byExceptionId(found, passes);
    case 'fixable':
      return (found) =>
        byPackages(found, (id, place) =>
          passes(found.index.book.verdictsOn(id).some((one) => one.place === place && holds(one) && one.upgrade !== null)),
        );
    case 'package': {
      return madeBy(await findPackageVersions(db, namedOrBuiltFrom(field, test)));
    }
    default:
      throw new Error(`the fleet index knows no ${field.name} of detections`);
  }

  function ofCheck(value: (ranked: RankedCheck) => Scalar): Evaluate {
    return ({ ranked }) => passes(value(ranked));
  }
}

const bodyColumns = {
  cvss: sql`(select max((cvss ->> 'score')::float8) from jsonb_array_elements(body -> 'cvss') as cvss)`,
  confidence: sql`body ->> 'confidence'`,
};

/** Numbers of the checks whose newest form fits. */
async function findChecks(db: Kysely<Database>, condition: Condition): Promise<Set<number>> {
  const { rows } = await sql<{ number: number }>`
    select number from (
      select distinct on (number) number, body from knowledge_check order by number, valid_from desc
    ) as newest where ${condition}`.execute(db);
  return new Set(rows.map(({ number }) => number));
}

/** A package is called by its own name or by that of its source. */
function namedOrBuiltFrom(field: Field, test: Test): Query {
  const parts = ['name', 'source'].map((name): Query => ({ kind: 'test', field: { ...field, name }, test }));
  return { kind: 'or', parts };
}

/** One score for each class of assets. */
function byRisk(test: Test, make: ((index: OrganizationIndex) => AssetContexts) | null): Evaluate {
  const passes = compileTest(test);
  return ({ index, ranked }) => {
    const { classes } = make?.(index) ?? usualContexts;
    const fitting = classes.filter(({ context }) => passes(riskScore(toCheckRisk(ranked.check), ranked.confirmed, context)));
    if (fitting.length === classes.length || fitting.length === 0) return fitting.length > 0;
    const result = new RoaringBitmap32();
    for (const { assets } of fitting) if (assets) result.orInPlace(assets);
    return result;
  };
}

function byException({ index, ranked, isOpen, universe }: Found, passes: (value: Scalar) => boolean): Where {
  const covered = RoaringBitmap32.and(isOpen, index.excepted.byPlace.get(ranked.place) ?? nowhere);
  if (passes(true) === passes(false)) {
    covered.dispose();
    return passes(true);
  }
  return passes(true) ? covered : opposite(covered, universe);
}

/** Under one of these exceptions, whatever other one covers it, too. */
function byExceptionId({ index: { excepted }, ranked, isOpen }: Found, passes: (value: Scalar) => boolean): Where {
  const covered = new RoaringBitmap32();
  for (const [id, byPlace] of excepted.byException) {
    const assets = passes(id) ? byPlace.get(ranked.place) : undefined;
    if (assets) covered.orInPlace(assets);
  }
  covered.andInPlace(isOpen);
  return covered;
}

const nowhere = new RoaringBitmap32();

function byStatus({ universe, isOpen, detections, ranked, moment, since }: Found, passes: (value: Scalar) => boolean): Where {
  const result = new RoaringBitmap32();
  const take = (status: string, assets: RoaringBitmap32): void => {
    if (passes(status)) result.orInPlace(assets);
    assets.dispose();
  };
  take('fixed', RoaringBitmap32.andNot(universe, isOpen));
  take('reopened', RoaringBitmap32.and(isOpen, detections.wasFixed));
  const steady = RoaringBitmap32.andNot(isOpen, detections.wasFixed);
  const fresh = since(moment - newForDays * dayMs).foundAmong(ranked.place, steady);
  take('active', RoaringBitmap32.andNot(steady, fresh));
  take('new', fresh);
  steady.dispose();
  return result;
}

function byFirstFound({ universe, ranked, since }: Found, test: Test): Where {
  if (test.is !== 'range') return true; // each was found at some time
  // Moments are whole milliseconds: after one is from the next one.
  const from = test.isOpen ? test.from + 1 : test.from;
  const until = test.isClosed ? test.until + 1 : test.until;
  const late = from === -Infinity ? new RoaringBitmap32(universe) : since(from).foundAmong(ranked.place, universe);
  if (until === Infinity) return late;
  const later = since(until).foundAmong(ranked.place, universe);
  late.andNotInPlace(later);
  later.dispose();
  return late;
}

/** Since a moment, and still gone: what came back is not fixed. */
function byFixedAt({ universe, isOpen, ranked, since }: Found, test: Test): Where {
  if (test.is !== 'range') return RoaringBitmap32.andNot(universe, isOpen);
  const ended = since(test.isOpen ? test.from + 1 : test.from).ended.get(ranked.place);
  if (!ended) return false;
  const gone = RoaringBitmap32.and(universe, ended);
  gone.andNotInPlace(isOpen);
  return gone;
}

/** By one of these package versions. */
function madeBy(packageVersions: readonly number[]): Evaluate {
  const ids = new Set(packageVersions);
  return (found) => byPackages(found, (id) => ids.has(id));
}

function byPackages({ index, ranked: { place }, universe }: Found, fits: (id: number, place: number) => boolean): Where {
  const ids = [...index.book.packagesOf(place)].filter((id) => fits(id, place));
  if (ids.length === 0) return false;
  const assets = index.packages.assetsWithAny(ids);
  assets.andInPlace(universe);
  return assets;
}

function openAs(detections: CheckDetections, confirmed: boolean): RoaringBitmap32 {
  if (!confirmed) return new RoaringBitmap32(detections.information ?? []);
  return detections.information
    ? RoaringBitmap32.andNot(detections.open, detections.information)
    : new RoaringBitmap32(detections.open);
}

function withGone(detections: CheckDetections, confirmed: boolean, isOpen: RoaringBitmap32): RoaringBitmap32 {
  const all = RoaringBitmap32.andNot(detections.wasFixed, detections.open);
  if (confirmed) all.andNotInPlace(detections.doubtful);
  else all.andInPlace(detections.doubtful);
  all.orInPlace(isOpen);
  return all;
}
