import type { Query } from '@vedette/query';
import type { Context } from '../context.ts';
import { loadDecisions, noDecisions, prepareDecisions } from '../decisions/decisions.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { detectionCondition } from '../query/detection-condition.ts';
import { indexAnswers, prepareWish, speaksOfException, speaksOfFixed } from '../query/detection-query.ts';
import type { QueryScope } from '../query/prepare-assets.ts';
import { readQuery } from '../query/read-query.ts';
import { findPackageVersions } from '../query/software-query.ts';
import { windowAt } from '../fleet-index/past-index.ts';
import { prepareContexts } from '../risk/asset-contexts.ts';
import { askForOrder, refuseGone } from './ask-for-order.ts';
import { findByHistories } from './find-by-histories.ts';
import { loadPage, pageOfVisits } from './find-in-fleet.ts';
import { isOrderOfTimes } from './page-by-order.ts';
import type { DetectionList, DetectionQuery } from './store.ts';

export interface WrittenDetectionQuery extends Omit<DetectionQuery, 'asOf' | 'where'> {
  /** In the query language. */
  readonly query: string;
  /** Beside one in the query; null for now. */
  readonly asOf: Date | null;
}

export type Sources = Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>;

/**
 * Detections that fit a query, worst first; open ones where it does not speak of status. From the fleet index where that knows enough,
 * otherwise derived from the histories. Throws ApiError BAD_REQUEST for a query that cannot be understood.
 */
export async function findByQuery(sources: Sources, written: WrittenDetectionQuery): Promise<DetectionList> {
  const { query, asOf } = readQuery(written.query, 'detection', sources.clock());
  const past = asOf === null ? written.asOf : new Date(asOf);
  const scope = { organizationId: written.organizationId, asOf: past ?? sources.clock(), silence: sources.config.silence };
  const understood = { ...written, query, past, scope };
  const now = await sources.fleetIndex.current(written.organizationId);
  const window = past ? windowAt(now, past) : now;
  const isKnown = !isOrderOfTimes(written.sort) || Number.isFinite(window.since);
  // A query may find open ones and fixed ones, whatever it says of them.
  const isWithGone = speaksOfFixed(query) || written.status === 'fixed';
  if (written.assetId === undefined) refuseGone(written.sort, isWithGone ? 'all' : written.status);
  const isIndexed = hasNoFilter(written) && isKnown && indexAnswers(query, window);
  return isIndexed ? byIndex(sources, understood) : findByHistories(sources.db, await inHistories(sources, understood));
}

/** The other filters of the list go with the histories alone. */
export function hasNoFilter(
  filter: Omit<WrittenDetectionQuery, 'query' | 'asOf' | 'organizationId' | 'offset' | 'limit'>,
): boolean {
  const { assetId, check, kind, severity, severityExact, exploited, search, ...rest } = filter;
  const others = [assetId, check, kind, severity, severityExact, exploited, search, rest.foundWithinDays, rest.fixedWithinDays];
  const isUsual = rest.status === 'open' && (rest.exception ?? 'without') === 'without';
  return isUsual && others.every((one) => one === undefined);
}

interface Understood extends Omit<WrittenDetectionQuery, 'query' | 'asOf'> {
  readonly query: Query | null;
  /** Of the moment. */
  readonly scope: QueryScope;
  /** Null for now. */
  readonly past: Date | null;
}

async function byIndex({ db, fleetIndex, clock }: Sources, { query, past, scope: { asOf, ...rest }, ...wish }: Understood) {
  const { organizationId } = rest;
  // What assets are is of now.
  const scope = { ...rest, asOf: clock() };
  const decide = await prepareDecisions(db, scope, past);
  const weigh = await prepareContexts(db, scope, { prepareAssets, moment: past ?? undefined });
  const wishOf = await prepareWish(db, query, scope, prepareAssets);
  const asked = await askForOrder({ db, fleetIndex }, { organizationId, sort: wish.sort, status: wish.status, past });
  const index = await fleetIndex.at(organizationId, past);
  const page = pageOfVisits(index, { ...wish, asked, contexts: weigh?.(index.present) }, wishOf(index));
  const decisions = decide?.(index.present) ?? noDecisions;
  return loadPage(db, { organizationId, asOf: new Date(index.momentFor(asOf.getTime())), decisions }, page);
}

/** A query as one for the histories: what it asks of assets and of packages is answered here. */
export async function inHistories(
  { db, fleetIndex, clock }: Sources,
  { query, scope, past, ...filter }: Understood,
): Promise<DetectionQuery> {
  // What assets are is of now, also where tags and exceptions ask for it.
  const decisions = await loadDecisions({ db, fleetIndex }, { ...scope, asOf: clock() }, scope.asOf);
  const numbers = new Map<Query, number[]>();
  for (const { field, part } of query ? nestedParts(query) : []) {
    if (field.of === 'software') {
      numbers.set(part, await findPackageVersions(db, part));
      continue;
    }
    const select = await prepareAssets(db, part, { ...scope, asOf: clock() });
    const index = await fleetIndex.at(scope.organizationId, past);
    const assets = select(index);
    numbers.set(
      part,
      Array.from(assets.toUint32Array(), (asset) => index.table.assets[asset]?.number ?? 0),
    );
    assets.dispose();
  }
  const where = query ? detectionCondition(query, (part) => numbers.get(part) ?? [], { ...scope, decisions }) : undefined;
  const exception = speaksOfException(query) ? 'with' : filter.exception;
  const status = filter.status === 'open' && speaksOfFixed(query) ? 'all' : filter.status;
  return { ...filter, status, where, exception, decisions, asOf: scope.asOf };
}

/** What is asked of the assets and of the packages. */
function nestedParts(query: Query): Extract<Query, { kind: 'nested' }>[] {
  if (query.kind === 'and' || query.kind === 'or') return query.parts.flatMap(nestedParts);
  if (query.kind === 'not') return nestedParts(query.part);
  return query.kind === 'nested' ? [query] : [];
}
