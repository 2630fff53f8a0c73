import { compileTest, foldQuery, type Query } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../db/schema.ts';
import type { OrganizationIndex } from '../../fleet-index/organization-index.ts';
import type { LoggedTransition } from '../../fleet-index/transition-log.ts';
import type { IndexedCheck } from '../../fleet-index/verdict-book.ts';
import { ApiError } from '../../http/api-error.ts';
import type { Behind, Buckets, EventKind, EventQuestion, EventRelation, EventRow, EventSources } from '../event-kind.ts';
import { certain, countRelation, pageOfRelation } from '../sql-events.ts';

/** Before the window of the fleet index, events of at most so many assets are derived from their histories. */
const maxDerivedAssets = 1000;

/**
 * Detections that opened, closed and opened again: transitions of the fleet index within its window, before it derived from both histories
 * for a few assets. What an asset was found with when its packages were first known is no event: nothing had happened.
 */
export const detectionEvents: EventKind = {
  name: 'detection',
  needs: 'detection:read',
  async page(sources, question, part) {
    const from = await answeredBy(sources, question);
    if (from.relation) return pageOfRelation(sources.db, { kind: 'detection', relation: from.relation, question }, part);
    return pageOfIndex(from, question, part);
  },
  async count(sources, question, buckets) {
    const from = await answeredBy(sources, question);
    if (from.relation) return countRelation(sources.db, { kind: 'detection', relation: from.relation, question }, buckets);
    return countIndex(from, question, buckets);
  },
  describe: async (_, __, rows) =>
    rows.map(({ name, status, cause }) => {
      const why = cause === 'knowledge' ? 'what is known changed' : 'the machine changed';
      return `${name} ${status === 'closed' ? 'is gone' : status === 'reopened' ? 'is found again' : 'is found'}: ${why}`;
    }),
};

interface FromIndex {
  readonly index: OrganizationIndex;
  /** Moments at which knowledge was imported. */
  readonly imports: ReadonlySet<number>;
  readonly relation?: undefined;
}

/** Throws ApiError BAD_REQUEST where neither the index nor the histories of a few assets can answer. */
async function answeredBy(
  { db, fleetIndex }: EventSources,
  question: EventQuestion,
): Promise<FromIndex | { readonly relation: EventRelation }> {
  const { organizationId, from, query, fitting } = question;
  const imports = await loadImports(db, question);
  const index = await fleetIndex.current(organizationId);
  if (from.getTime() >= index.since) return { index, imports };
  const asked = topAssets(query)
    .map((part) => fitting(part))
    .toSorted((a, b) => a.length - b.length)[0];
  const numbers = asked ?? index.table.assets.slice(0, maxDerivedAssets + 1).map(({ number }) => number);
  if (numbers.length > maxDerivedAssets) {
    const since = new Date(index.since).toISOString();
    const message = `query.from: detections that opened or closed before ${since} are told for at most ${maxDerivedAssets} assets at a time: begin later, name the assets with asset:(…), or leave detections out with "not kind:detection"`;
    throw new ApiError('BAD_REQUEST', message);
  }
  return { relation: derivedEvents(question, numbers) };
}

async function loadImports(db: Kysely<Database>, { from, to }: EventQuestion): Promise<Set<number>> {
  const rows = await db
    .selectFrom('knowledgeVersion')
    .select('importedAt')
    .where('importedAt', '>=', from)
    .where('importedAt', '<', to)
    .execute();
  return new Set(rows.map(({ importedAt }) => importedAt.getTime()));
}

/** What the query as a whole asks of the asset. */
function topAssets(query: Query | null): Query[] {
  const parts = query?.kind === 'and' ? query.parts : query ? [query] : [];
  return parts.flatMap((part) => (part.kind === 'nested' && part.field.of === 'asset' ? [part.part] : []));
}

/** A transition, of one asset or of several that are not looked at one by one. */
interface Moved {
  readonly at: number;
  readonly place: number;
  readonly status: 'opened' | 'reopened' | 'closed';
  readonly cause: 'inventory' | 'knowledge';
}

/** Whether an event fits, on an asset by its dense number, or on any asset: null where that depends. */
type Fits = (moved: Moved, asset: number | null) => boolean | null;

function compile({ index: { book, table } }: FromIndex, { query, fitting }: EventQuestion): Fits {
  if (!query) return () => true;
  return foldQuery<Fits>(query, {
    all: (parts) => (moved, asset) => certain.all(parts.map((part) => part(moved, asset))),
    any: (parts) => (moved, asset) => certain.any(parts.map((part) => part(moved, asset))),
    not: (part) => (moved, asset) => certain.not(part(moved, asset)),
    test: ({ name }, test) => {
      const passes = compileTest(test);
      return (moved) => passes(valueOf(moved, book.checks[moved.place], name));
    },
    nested: (_, part) => {
      const assets = new Set(fitting(part).flatMap((number) => table.find(number) ?? []));
      return (__, asset) => (asset === null ? null : assets.has(asset));
    },
  });
}

function valueOf({ at, status, cause }: Moved, check: IndexedCheck | undefined, field: string): string | number | null {
  switch (field) {
    case 'kind':
      return 'detection';
    case 'at':
      return at;
    case 'status':
      return status;
    case 'cause':
      return cause;
    case 'check':
      return check?.number ?? null;
    case 'name':
      return check?.name ?? null;
    case 'severity':
      return check?.severity ?? null;
    default:
      return null;
  }
}

/** Visits all that may fit; `whole` as Fits says of it without an asset. */
function forEachMoved(
  { index, imports }: FromIndex,
  { from, to }: EventQuestion,
  fits: Fits,
  visit: (moved: Moved, assets: LoggedTransition['assets'], whole: true | null) => void,
): void {
  index.log.forEach(from.getTime(), ({ at, place, assets, from: before, to: after, first }) => {
    // From found to found as information, or back: it stays open.
    if (at >= to.getTime() || (before !== 0 && after !== 0)) return;
    const status = after === 0 ? 'closed' : first ? 'opened' : 'reopened';
    const moved: Moved = { at, place, status, cause: imports.has(at) ? 'knowledge' : 'inventory' };
    const whole = fits(moved, null);
    if (whole !== false) visit(moved, assets, whole);
  });
}

interface Found extends Moved {
  readonly asset: number;
  readonly key: string;
}

interface Run {
  readonly moved: Moved;
  readonly assets: Exclude<LoggedTransition['assets'], number>;
  readonly whole: true | null;
  readonly key: string;
}

function pageOfIndex(
  from: FromIndex,
  question: EventQuestion,
  { behind, limit }: { readonly behind: Behind | null; readonly limit: number },
): EventRow[] {
  const { book, table } = from.index;
  const fits = compile(from, question);
  const newest = new Newest(limit);
  const runs: Run[] = [];
  const offer = (moved: Moved, asset: number, key: string): void => {
    if (behind === null || isBehind({ at: moved.at, key }, behind)) newest.offer({ ...moved, asset, key });
  };
  forEachMoved(from, question, fits, (moved, assets, whole) => {
    const checkKey = padded(book.checks[moved.place]?.number);
    if (typeof assets !== 'number') runs.push({ moved, assets, whole, key: checkKey });
    else if (whole ?? fits(moved, assets)) offer(moved, assets, `${checkKey} ${padded(table.assets[assets]?.number)}`);
  });
  // Of many assets at once: those that can still be among the newest are taken apart, one check after the other.
  for (const { moved, assets, whole, key } of runs.toSorted((a, b) => b.moved.at - a.moved.at || compareText(a.key, b.key))) {
    if (newest.isFullBefore({ at: moved.at, key })) break;
    for (const asset of assets.toUint32Array())
      if (whole ?? fits(moved, asset)) offer(moved, asset, `${key} ${padded(table.assets[asset]?.number)}`);
  }
  return newest.take().map((found) => toRow(from.index, found));
}

/** The newest so many of those that were offered. */
class Newest {
  readonly #limit: number;
  #found: Found[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(found: Found): void {
    this.#found.push(found);
    if (this.#found.length > this.#limit * 2 + 10_000) this.take();
  }

  /** Whether whatever stands at this place or behind it comes too late. */
  isFullBefore(place: { readonly at: number; readonly key: string }): boolean {
    if (this.#found.length < this.#limit) return false;
    const last = this.take().at(-1);
    return last !== undefined && compareFound(last, place) < 0;
  }

  take(): readonly Found[] {
    this.#found = this.#found.toSorted(compareFound).slice(0, this.#limit);
    return this.#found;
  }
}

interface Place {
  readonly at: number;
  readonly key: string;
}

function compareFound(a: Place, b: Place): number {
  return b.at - a.at || compareText(a.key, b.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isBehind(place: Place, { at, told }: Behind): boolean {
  if (told === 'all') return place.at < at;
  if (told === 'none') return place.at <= at;
  return compareFound(place, { at, key: told.upTo }) > 0;
}

function padded(number: number | undefined): string {
  return String(number ?? 0).padStart(10, '0');
}

function toRow({ book, table }: OrganizationIndex, { at, place, status, cause, asset, key }: Found): EventRow {
  const check = book.checks[place];
  const known = table.assets[asset];
  return {
    at,
    key,
    ref: refOf(check?.number ?? 0, status),
    status,
    cause,
    assetId: known?.assetId ?? null,
    assetNumber: known?.number ?? null,
    collector: null,
    package: null,
    version: null,
    previous: null,
    checkNumber: check?.number ?? null,
    name: check?.name ?? null,
    severity: check?.severity ?? null,
    detail: null,
  };
}

function refOf(check: number, status: string): string {
  return `${check} ${status}`;
}

function countIndex(from: FromIndex, question: EventQuestion, buckets: Buckets): number[] {
  const fits = compile(from, question);
  const counts = Array.from({ length: buckets.count }, () => 0);
  forEachMoved(from, question, fits, (moved, assets, whole) => {
    const bucket = Math.min(Math.floor((moved.at - buckets.from) / buckets.stepMs), buckets.count - 1);
    const all = typeof assets === 'number' ? [assets] : assets;
    if (whole) counts[bucket]! += typeof assets === 'number' ? 1 : assets.size;
    else for (const asset of all) if (fits(moved, asset)) counts[bucket]! += 1;
  });
  return counts;
}

/** The same from both histories of these assets: where the stretches in which a check was found began and ended. */
function derivedEvents({ organizationId, from, to }: EventQuestion, numbers: readonly number[]): EventRelation {
  return sql`
    with chosen as materialized (
      select asset.id, asset.number, (
        select min(at) from inventory_change where organization_id = ${organizationId} and asset_id = asset.id
      ) as birth
      from asset where organization_id = ${organizationId} and number = any(${[...numbers]}::integer[])
    ), stretch as (
      select asset_id, check_number, part, row_number() over (partition by asset_id, check_number order by lower(part)) as place
      from (
        select asset_id, check_number, unnest(range_agg(during * tstzrange(from_at, until_at))) as part
        from presence join verdict using (package_version_id)
        where organization_id = ${organizationId} and asset_id = any(array(select id from chosen))
        group by 1, 2
      ) as found
    ), told as (
      select asset_id, check_number, lower(part) as at, case when place = 1 then 'opened' else 'reopened' end as status from stretch
      union all
      select asset_id, check_number, upper(part), 'closed' from stretch where upper(part) is not null
    )
    select told.at, lpad(told.check_number::text, 10, '0') || ' ' || lpad(chosen.number::text, 10, '0') as key,
      told.check_number || ' ' || told.status as ref, told.status,
      case when exists (select from knowledge_version where imported_at = told.at) then 'knowledge' else 'inventory' end as cause,
      chosen.id as asset_id, chosen.number as asset_number, null::text as collector, null::text as package, null::text as version,
      null::text as previous, told.check_number, known.name, known.severity::integer as severity, null::jsonb as detail
    from told
    join chosen on chosen.id = told.asset_id
    join lateral (
      select name, severity from knowledge_check where number = told.check_number order by valid_from desc limit 1
    ) as known on true
    where told.at >= ${from} and told.at < ${to} and told.at > chosen.birth`;
}
