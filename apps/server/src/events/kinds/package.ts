import { type Field, foldQuery, type Query, type Scalar } from '@vedette/query';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { parseNumbers } from '../../fleet-index/read-histories.ts';
import { compileQuestion } from '../compile-question.ts';
import type { Buckets, EventKind, EventPart, EventQuestion, EventRow, EventScope, EventSources } from '../event-kind.ts';
import { compareValues, type EventOrder, type OrderValue, valueOf } from '../event-order.ts';
import { type EventPlace, FirstEvents } from '../first-events.ts';
import { type PackageChange, type Walk, walkPackageChanges } from '../package-changes.ts';
import { type PackageItem, PackageVersions } from '../package-versions.ts';
import { certain, countSeconds, pageSeconds, takesTooLong } from '../sql-events.ts';

/**
 * Packages that came, went or changed, from the history of inventories: one event for each name on an asset. The first report of a
 * collector, and what changes very much at once, is a single event without names. What is one event is worked out here: PostgreSQL would
 * look up each package version once more for each asset that it came to.
 */
export const packageEvents: EventKind = {
  name: 'package',
  needs: 'asset:read',
  page: pageOfPackages,
  count: countPackages,
  describe: describePackages,
};

/** Of a change, one event. */
interface Told {
  readonly change: PackageChange;
  readonly status: 'reported' | 'installed' | 'upgraded' | 'changed' | 'removed';
  readonly item: PackageItem | null;
  readonly version: string | null;
  readonly previous: string | null;
}

interface Found extends Told, EventPlace {}

async function countPackages(sources: EventSources, question: EventQuestion, buckets: Buckets): Promise<number[] | null> {
  const counts = Array.from({ length: buckets.count }, () => 0);
  for await (const part of walkEntries(sources, { ...wholly, question, isTurned: false, seconds: countSeconds })) {
    if (!part) return null;
    for (const { change, tell } of part) {
      const bucket = Math.floor((change.at - buckets.from) / buckets.stepMs);
      counts[Math.min(Math.max(bucket, 0), buckets.count - 1)]! += tell().length;
    }
  }
  return counts;
}

async function pageOfPackages(sources: EventSources, question: EventQuestion, part: EventPart): Promise<EventRow[]> {
  const first = new FirstEvents<Found>(part);
  const { by, isTurned } = part.order;
  const walk = by === 'at' ? { begin: part.behind?.at ?? null, atFirst: part.limit } : wholly;
  for await (const entries of walkEntries(sources, { ...walk, question, isTurned, seconds: pageSeconds })) {
    if (!entries) throw takesTooLong();
    for (const entry of entries) offerEntry(first, entry, part.order);
    const at = entries.at(-1)?.change.at ?? 0;
    if (by === 'at' && first.isFullBefore({ value: null, at, key: firstKey(part.order) })) break;
  }
  return first.take().map(toRow);
}

function offerEntry(first: FirstEvents<Found>, { change, hostnameOf, tell }: Entry, order: EventOrder): void {
  const { at, collector } = change;
  const common = { cause: null, collector, severity: null, hostname: order.by === 'hostname' ? hostnameOf() : null };
  const valueFor = (status: string): OrderValue => valueOf(order.by, { ...common, status });
  if (order.by !== 'status' && first.isLate({ value: valueFor(''), at, key: firstKey(order) })) return;
  for (const told of tell()) first.offer({ ...told, at, key: keyOf(told), value: valueFor(told.status) });
}

/** Before the keys of all events of a moment, in the order. */
function firstKey({ isTurned }: EventOrder): string {
  return isTurned ? '~' : '';
}

/** Where no order ends it sooner. */
const wholly = { begin: null, atFirst: Number.POSITIVE_INFINITY };

/** A change, and what is asked of it only where it is needed. */
interface Entry {
  readonly change: PackageChange;
  readonly hostnameOf: () => string | null;
  /** Its events that fit. */
  readonly tell: () => readonly Told[];
}

/** Changes with what they tell, in parts; null at the end of the time. */
async function* walkEntries({ db, fleetIndex }: EventSources, walk: Walk): AsyncGenerator<readonly Entry[] | null> {
  if (!canFit(walk.question.query)) return;
  const { table } = await fleetIndex.current(walk.question.organizationId);
  const fits = compileQuestion<Told>(walk.question, table, fieldOf);
  const versions = PackageVersions.of(db);
  for await (const moved of readOnce(db, walk)) {
    if (!moved) return yield null;
    await versions.load(db, idsOf(moved));
    yield moved.map((one) => {
      const { change } = one;
      const asset = (): number => table.findId(change.assetId) ?? noAsset;
      const doesFit = (told: Told): boolean => fits(told, null) ?? fits(told, asset()) === true;
      return {
        change,
        hostnameOf: () => table.assets[asset()]?.hostname ?? null,
        tell: () => eventsOf(one, versions).filter(doesFit),
      };
    });
  }
}

function* idsOf(moved: readonly Pick<MovedPackages, 'added' | 'removed'>[]): Iterable<number> {
  for (const { added, removed } of moved) {
    yield* added;
    yield* removed;
  }
}

/** Whether any can, which what packages do not have never lets pass. */
function canFit(query: Query | null): boolean {
  if (!query) return true;
  const meaning = { ...certain, nested: () => null, test: ({ name }: Field) => (lacked.has(name) ? false : null) };
  return foldQuery<boolean | null>(query, meaning) !== false;
}

const lacked: ReadonlySet<string> = new Set(['cause', 'check', 'name', 'severity']);

type Parts = readonly (readonly MovedPackages[])[];
/** All that a question asks about, where that is not too much: a page in another order than by time needs again what was counted. */
const read = new WeakMap<EventQuestion, Parts>();
const maxKept = 50_000;

/** Changes in parts; null at the end of the time. */
async function* readOnce(db: Kysely<Database>, walk: Walk): AsyncGenerator<readonly MovedPackages[] | null> {
  const isWhole = walk.begin === null && walk.atFirst === wholly.atFirst;
  const known = isWhole ? read.get(walk.question) : undefined;
  if (known) return yield* known;
  const parts: (readonly MovedPackages[])[] = [];
  let count = 0;
  for await (const changes of walkPackageChanges(db, walk)) {
    if (!changes) return yield null;
    const moved = changes.map((change) => ({ change, added: numbersOf(change.added), removed: numbersOf(change.removed) }));
    count += moved.length;
    if (count <= maxKept) parts.push(moved);
    yield moved;
  }
  if (isWhole && count <= maxKept) read.set(walk.question, parts);
}

/** What the index does not know is none of those that are asked for. */
const noAsset = -1;

function numbersOf(text: string | null): readonly number[] {
  return text === null ? [] : parseNumbers(text);
}

interface MovedPackages {
  readonly change: PackageChange;
  readonly added: readonly number[];
  readonly removed: readonly number[];
}

/** Versions of one name that came and went with a change; mostly one of each. */
interface Moved {
  came: string | null;
  gone: string | null;
}

function eventsOf({ change, added, removed }: MovedPackages, versions: PackageVersions): Told[] {
  if (change.added === null) return [{ change, status: 'reported', item: null, version: null, previous: null }];
  const items = new Map<PackageItem, Moved>();
  const take = (ids: readonly number[], where: keyof Moved): void => {
    for (const id of ids) {
      const known = versions.of(id);
      if (!known) continue;
      const moved = items.get(known.item);
      if (moved) moved[where] = moved[where] === null ? known.version : allOf(known.item, ids, versions);
      else items.set(known.item, where === 'came' ? { came: known.version, gone: null } : { came: null, gone: known.version });
    }
  };
  take(added, 'came');
  take(removed, 'gone');
  return Array.from(items, ([item, { came, gone }]) => {
    return { change, status: statusOf(came, gone), item, version: came, previous: gone };
  });
}

/** Where there are several versions of one name. */
function allOf(item: PackageItem, ids: readonly number[], versions: PackageVersions): string {
  const all = ids.flatMap((id) => {
    const known = versions.of(id);
    return known?.item === item ? [known.version] : [];
  });
  return [...new Set(all)].toSorted(compareValues).join(', ');
}

function statusOf(version: string | null, previous: string | null): Told['status'] {
  if (version === null) return 'removed';
  if (previous === null) return 'installed';
  return version === previous ? 'changed' : 'upgraded';
}

function fieldOf({ change, status, item, version, previous }: Told, field: string): Scalar {
  switch (field) {
    case 'kind':
      return 'package';
    case 'at':
      return change.at;
    case 'status':
      return status;
    case 'collector':
      return change.collector;
    case 'package':
      return item?.name ?? null;
    case 'version':
      return version;
    case 'previous':
      return previous;
    default:
      return null;
  }
}

function keyOf({ change: { assetId, collector, change }, item }: Told): string {
  return [assetId, collector, String(change).padStart(10, '0'), ...(item ? [item.ref] : [])].join(' ');
}

function toRow({ change: { assetId, collector, change, at }, status, item, version, previous, key, value }: Found): EventRow {
  return {
    at,
    key,
    ref: [collector, change, ...(item ? [item.ref] : [])].join(' '),
    status,
    cause: null,
    assetId,
    collector,
    package: item?.name ?? null,
    version,
    previous,
    checkNumber: null,
    name: null,
    severity: null,
    detail: item ? null : { change },
    value,
  };
}

/** How many a report was of is looked up for those that are shown alone. */
async function describePackages(
  { db }: EventSources,
  { organizationId }: EventScope,
  rows: readonly EventRow[],
): Promise<string[]> {
  const reports = await loadReports(
    db,
    organizationId,
    rows.filter(({ status }) => status === 'reported'),
  );
  return rows.map((row) => {
    const { status, package: name, version, previous, collector } = row;
    if (status === 'upgraded') return `${name} ${previous} became ${version}`;
    if (status !== 'reported') return `${name} ${version ?? previous} was ${status}`;
    const { added = 0, removed = 0 } = reports.get(reportKey(row)) ?? {};
    return `${collector} reported ${added} packages${removed > 0 ? ` in place of ${removed}` : ''}`;
  });
}

interface Report {
  readonly assetId: string;
  readonly collector: string;
  readonly ref: string;
  readonly added: number;
  readonly removed: number;
}

async function loadReports(
  db: Kysely<Database>,
  organizationId: string,
  reported: readonly EventRow[],
): Promise<ReadonlyMap<string, Report>> {
  if (reported.length === 0) return new Map();
  const { rows } = await sql<Report>`
    select asset_id, collector, collector || ' ' || change as ref, cardinality(added) as added, cardinality(removed) as removed
    from unnest(
      ${reported.map(({ assetId }) => assetId)}::uuid[], ${reported.map(({ collector }) => collector)}::text[],
      ${reported.map(({ detail }) => detail?.['change'])}::integer[], ${reported.map(({ at }) => new Date(at))}::timestamptz[]
    ) as wanted (asset_id, collector, change, at)
    join inventory_change using (asset_id, collector, change, at)
    where organization_id = ${organizationId}`.execute(db);
  return new Map(rows.map((row) => [reportKey(row), row]));
}

function reportKey({ assetId, ref }: Pick<EventRow, 'assetId' | 'ref'>): string {
  return `${assetId} ${ref}`;
}
