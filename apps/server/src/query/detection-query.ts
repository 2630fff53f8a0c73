import { compileTest, type Field, foldQuery, type Query, type Scalar, type Test } from '@vedette/query';
import { riskScore } from '@vedette/matching';
import { isPostureCheck } from '@vedette/protocol';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import { newForDays } from '../detections/derive.ts';
import {
  asSure,
  covered,
  coveredBy,
  firstFound,
  fixable,
  goneSince,
  inStatus,
  madeBy,
  onAssets,
  openWithin,
  removedBy,
} from '../fleet-index/detection-tests.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { Selected } from '../fleet-index/selection.ts';
import type { RankedCheck } from '../fleet-index/verdict-book.ts';
import { unite } from '../fleet-index/unite.ts';
import { type DetectionWish, visitDetections } from '../fleet-index/visit-detections.ts';
import { allOf, anyOf, type DetectionTest, not, partOf } from '../fleet-index/where.ts';
import { type AssetContexts, prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { toCheckRisk } from '../risk/fleet-risk.ts';
import type { PrepareAssets, QueryScope } from './prepare-assets.ts';
import { findPackageVersions } from './software-query.ts';

/** Visits the detections that fit, check by check, worst first. */
export type SelectDetections = (index: OrganizationIndex, visit: (selected: Selected) => void) => void;

/** How often a check is found counts only as long as it is found, unless the query says otherwise. */
export function speaksOfFixed(query: Query | null): boolean {
  return speaksOf(query, ['status', 'fixedAt']);
}

/** What an exception covers is left out, unless the query says otherwise. */
export function speaksOfException(query: Query | null): boolean {
  return speaksOf(query, ['exception', 'exceptionId']);
}

/** When detections came and went is known to the index of now alone, and to the histories. */
export function asksForTimes(query: Query | null): boolean {
  return speaksOf(query, ['status', 'firstFound', 'fixedAt', 'openAt']);
}

function speaksOf(query: Query | null, fields: readonly string[]): boolean {
  if (!query) return false;
  return foldQuery<boolean>(query, {
    all: (parts) => parts.some(Boolean),
    any: (parts) => parts.some(Boolean),
    not: (part) => part,
    test: ({ name }, test) => fields.includes(name) && !isOfEach(name, test),
    nested: () => false,
  });
}

/** Each was found and open at some time: whoever asks whether it was need not look back for it. */
function isOfEach(name: string, test: Test): boolean {
  return test.is === 'present' && (name === 'firstFound' || name === 'openAt');
}

/**
 * Whether the index can answer: it knows when detections came and went in its window alone, and not by which packages those that are
 * gone were found. An index of a moment of the past may have no window.
 */
export function indexAnswers(query: Query | null, { since, deepSince }: Pick<OrganizationIndex, 'since' | 'deepSince'>): boolean {
  if (!query) return true;
  const isWithFixed = speaksOfFixed(query);
  return foldQuery<boolean>(query, {
    all: (parts) => parts.every(Boolean),
    any: (parts) => parts.every(Boolean),
    not: (part) => part,
    test: ({ name }, test) => {
      if (isOfEach(name, test)) return true;
      // How sure what is gone was, and by what it was found, the index has forgotten.
      if (['package', 'fixable', 'upgrade', 'confidence'].includes(name)) return !isWithFixed;
      if (name === 'openAt' && test.is === 'range' && test.from !== -Infinity) return test.from >= since;
      if (name === 'status') return Number.isFinite(since);
      if (name === 'fixedAt') return test.is === 'range' && test.from >= deepSince && test.until === Infinity;
      // What was open up to a moment was first found by then.
      return (
        !(name === 'firstFound' || name === 'openAt') ||
        (test.is === 'range' && [test.from, test.until].every((at) => !Number.isFinite(at) || at >= deepSince))
      );
    },
    nested: (field) => field.of !== 'software' || !isWithFixed,
  });
}

/** Asks the database what it must, so that the index can then say which detections fit. For queries that the index answers. */
export async function prepareDetections(...asked: Parameters<typeof prepareWish>): Promise<SelectDetections> {
  const wishOf = await prepareWish(...asked);
  return (index, visit) => visitDetections(index, wishOf(index), visit);
}

/** The same, for detections that are visited more than once. */
export async function prepareWish(
  db: Kysely<Database>,
  query: Query | null,
  scope: QueryScope,
  prepareAssets: PrepareAssets,
): Promise<(index: OrganizationIndex) => DetectionWish> {
  const test = query ? await prepare(db, query, { scope, prepareAssets }) : () => true;
  const lookedAt = {
    isWithGone: speaksOfFixed(query),
    exception: speaksOfException(query) ? ('with' as const) : ('without' as const),
  };
  return (index) => ({ test, lookedAt, moment: index.momentFor(scope.asOf.getTime()) });
}

async function prepare(
  db: Kysely<Database>,
  query: Query,
  by: { readonly scope: QueryScope; readonly prepareAssets: PrepareAssets },
): Promise<DetectionTest> {
  return foldQuery<() => Promise<DetectionTest>>(query, {
    all: (parts) => async () => allOf(await inTurn(parts)),
    any: (parts) => async () => anyOf(await inTurn(parts)),
    not: (part) => async () => not(await part()),
    test: (field, test) => async () =>
      field.name === 'risk' ? byRisk(test, await prepareContexts(db, by.scope, by)) : prepareTest(db, field, test),
    nested: (field, part) => async () =>
      field.of === 'software'
        ? madeBy(await findPackageVersions(db, part))
        : onAssets(await by.prepareAssets(db, part, by.scope)),
  })();
}

async function inTurn(parts: readonly (() => Promise<DetectionTest>)[]): Promise<DetectionTest[]> {
  const all: DetectionTest[] = [];
  for (const part of parts) all.push(await part());
  return all;
}

async function prepareTest(db: Kysely<Database>, field: Field, test: Test): Promise<DetectionTest> {
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
      return ofCheck(({ check }) => check.cvss);
    case 'confidence':
      return asSure(passes);
    case 'status':
      return inStatus(passes, newForDays);
    case 'firstFound':
      return test.is === 'range' ? firstFound(momentsOf(test)) : () => true; // each was found at some time
    case 'fixedAt':
      return goneSince(test.is === 'range' ? momentsOf(test).from : null);
    case 'openAt':
      if (test.is !== 'range') return () => true; // each was open at some time
      return test.from === -Infinity ? firstFound(momentsOf(test)) : openWithin(momentsOf(test));
    case 'upgrade':
      return removedBy(passes);
    case 'exception':
      return covered(passes);
    case 'exceptionId':
      return coveredBy(passes);
    case 'fixable':
      return passes(true) === passes(false) ? () => passes(true) : fixable(passes(true));
    case 'package': {
      return madeBy(await findPackageVersions(db, namedOrBuiltFrom(field, test)));
    }
    default:
      throw new Error(`the fleet index knows no ${field.name} of detections`);
  }

  function ofCheck(value: (ranked: RankedCheck) => Scalar): DetectionTest {
    return ({ ranked }) => passes(value(ranked));
  }
}

/** Moments are whole milliseconds: after one is from the next one. */
function momentsOf({ from, until, isOpen, isClosed }: Extract<Test, { is: 'range' }>): { from: number; until: number } {
  return { from: isOpen ? from + 1 : from, until: isClosed ? until + 1 : until };
}

/** A package is called by its own name or by that of its source. */
function namedOrBuiltFrom(field: Field, test: Test): Query {
  const parts = ['name', 'source'].map((name): Query => ({ kind: 'test', field: { ...field, name }, test }));
  return { kind: 'or', parts };
}

/** One score for each class of assets. */
function byRisk(test: Test, make: ((index: OrganizationIndex) => AssetContexts) | null): DetectionTest {
  const passes = compileTest(test);
  return ({ question: { index }, ranked }) => {
    const { classes } = make?.(index) ?? usualContexts;
    const fitting = classes.filter(({ context }) => passes(riskScore(toCheckRisk(ranked.check), ranked.confirmed, context)));
    if (fitting.length === classes.length || fitting.length === 0) return fitting.length > 0;
    const key = fitting.map((one) => classes.indexOf(one)).join();
    return partOf(key, () => unite(fitting.flatMap(({ assets }) => assets ?? [])));
  };
}
