import { foldQuery, type Query } from '@vedette/query';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { prepareDetections } from '../query/detection-query.ts';
import { readQuery } from '../query/read-query.ts';
import { prepareScope } from '../tags/prepare-tag.ts';

/** For so many checks one exception may be given: who gives it should know what it is for. */
const maxChecks = 5000;
/** What of a detection belongs to its check and packages, and not to one asset or one moment. */
const allowed = new Set(['check', 'name', 'severity', 'kev', 'cvss', 'epss', 'package', 'fixable', 'confidence']);

export interface ExceptionScope {
  readonly assets: string;
  readonly query: string;
}

export interface ResolvedScope {
  /** Package versions that make the check true on the assets of the scope, by number of the check. */
  readonly checks: ReadonlyMap<number, ReadonlySet<number>>;
  readonly names: readonly string[];
  readonly detections: number;
  readonly assets: number;
}

/**
 * What an exception is given for: the checks that fit its query on its assets now, and the package versions that make them true there.
 * Detections under other exceptions are none of it. Throws ApiError BAD_REQUEST for a query that cannot be understood, that asks for what
 * belongs to assets, or that is about too much.
 */
export async function resolveScope(
  { db, fleetIndex, clock, config }: Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>,
  organizationId: string,
  { assets, query }: ExceptionScope,
): Promise<ResolvedScope> {
  const scope = { organizationId, asOf: clock(), silence: config.silence };
  const select = await prepareDetections(db, readScope(query, scope.asOf), scope, prepareAssets);
  const within = await prepareScope(db, assets, scope, prepareAssets);
  const index = await fleetIndex.current(organizationId);
  const inScope = within(index);
  const checks = new Map<number, Set<number>>();
  const names = new Set<string>();
  const everywhere = new RoaringBitmap32();
  let detections = 0;
  select(index, ({ check, place, assets: found }) => {
    const own = RoaringBitmap32.and(found, inScope);
    if (!own.isEmpty) {
      const versions = checks.get(check.number) ?? new Set();
      checks.set(check.number, versions);
      for (const id of index.book.packagesOf(place)) {
        if (!versions.has(id) && index.packages.assetsWithAny([id]).intersects(own)) versions.add(id);
      }
      names.add(check.name);
      detections += own.size;
      everywhere.orInPlace(own);
    }
    own.dispose();
  });
  const count = everywhere.size;
  everywhere.dispose();
  inScope.dispose();
  if (checks.size > maxChecks) {
    throw new ApiError('BAD_REQUEST', `body.query: it is about ${checks.size} checks; an exception is for at most ${maxChecks}`);
  }
  return { checks, names: [...names], detections, assets: count };
}

function readScope(text: string, now: Date): Query {
  const { query, asOf } = readQuery(text, 'detection', now);
  if (!query || asOf !== null) throw new ApiError('BAD_REQUEST', 'body.query: say which detections of now are meant');
  const wrong = fieldsOf(query).find((name) => !allowed.has(name));
  if (wrong) {
    const message = `body.query: ${wrong} belongs to assets or to a moment; say in "assets" which assets are meant, and here what is found`;
    throw new ApiError('BAD_REQUEST', message);
  }
  return query;
}

function fieldsOf(query: Query): string[] {
  return foldQuery<string[]>(query, {
    all: (parts) => parts.flat(),
    any: (parts) => parts.flat(),
    not: (part) => part,
    test: ({ name }) => [name],
    nested: ({ name }) => [name],
  });
}
