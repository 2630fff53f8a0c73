import { createHash } from 'node:crypto';
import type { EventChart, EventKindName, EventSorting, FleetEvent, listEvents, SortDirection } from '@vedette/protocol';
import type { Query } from '@vedette/query';
import type { z } from 'zod';
import { loadHostnames } from '../assets/load-hostnames.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../http/api-error.ts';
import { readPlace, writePlace } from '../http/list-cursor.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { readQuery } from '../query/read-query.ts';
import type { Behind, EventKind, EventQuestion, EventRow, EventScope } from './event-kind.ts';
import { compareValues, type EventOrder, type OrderValue } from './event-order.ts';
import { firstByName } from './first-by-name.ts';
import type { EventPlace } from './first-events.ts';
import { allEventKinds } from './event-kinds.ts';
import { mayFit } from './sql-events.ts';

export interface EventWish {
  readonly organizationId: string;
  /** In the query language. */
  readonly query?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly asOf?: string | undefined;
  readonly sort: EventSorting;
  readonly direction: SortDirection;
  readonly after?: string | undefined;
  readonly limit: number;
  readonly offset: number;
  readonly buckets: number;
  /** Which kinds the caller may see. */
  readonly may: (kind: EventKind) => boolean;
}

type Sources = Pick<Context, 'db' | 'fleetIndex' | 'clock' | 'config'>;
type EventList = z.input<typeof listEvents.reply> & { readonly items: FleetEvent[]; readonly next: string | null };

/** Where a page begins, and what holds for all pages of one list. Times in ms since 1970. */
interface Start {
  readonly from: number;
  readonly to: number;
  readonly place: RankedPlace | null;
  /** Of the first page. */
  readonly total: number | null;
  readonly isExact: boolean;
}

interface RankedPlace extends EventPlace {
  readonly rank: number;
}

const dayMs = 24 * 3600 * 1000;
/** What is asked for at most at a time: whatever it costs, it ends. */
const maxDays = 92;

/**
 * Events in an order, newest first where nothing is said; those of one moment in the order of kinds, and then always in the same one. Every kind is asked for its own, which
 * it derives from what is stored anyway. Throws ApiError BAD_REQUEST for a query or a stretch of time that cannot be answered, UNAVAILABLE
 * while the fleet index is being built.
 */
export async function findEvents(sources: Sources, wish: EventWish): Promise<EventList> {
  const { organizationId, limit, offset } = wish;
  const now = sources.clock();
  const { query, asOf } = readQuery(wish.query, 'event', now);
  const past = asOf ?? (wish.asOf === undefined ? null : Date.parse(wish.asOf));
  const start =
    wish.after === undefined ? begin(wish, { past, now: now.getTime(), asked: timesOf(query) }) : readCursor(wish.after, wish);
  const silentAfter = sources.config.silence.silent;
  const scope = { organizationId, from: new Date(start.from), to: new Date(start.to), now, silentAfter };
  const question = { ...scope, query, fitting: await prepareFitting(sources, scope, { query, past }) };
  const visible = allEventKinds.filter(wish.may);
  const kinds = visible.filter(({ name }) => mayFit(query, name));
  const counts = start.total === null ? await countEvents(sources, { kinds, question }, wish.buckets) : null;
  const isExact = counts ? counts.every((one) => one.counts !== null) : start.isExact;
  const counted = start.total ?? sumOf(counts ?? []);
  const found =
    counted === 0 && isExact
      ? []
      : await readPage(sources, { kinds, question }, { start, order: orderOf(wish), size: offset + limit + 1 });
  const page = found.slice(offset, offset + limit);
  const last = found.length > offset + limit ? page.at(-1) : undefined;
  const total = Math.max(counted, found.length);
  // A total that is not exact is below 0 in the cursor.
  const place = last && [
    start.from,
    start.to,
    isExact ? total : -total,
    last.row.at,
    last.rank,
    last.row.key,
    valueOfRow(last, wish),
  ];
  return {
    total,
    items: await toEvents(sources, scope, page),
    next: place
      ? writePlace(
          cursorName(wish),
          place.filter((one) => one !== null),
        )
      : null,
    from: new Date(start.from).toISOString(),
    to: new Date(start.to).toISOString(),
    kinds: visible.map(({ name }) => name),
    isExact,
    chart: counts && isExact && wish.buckets > 0 ? toChart(start, counts, wish.buckets) : null,
  };
}

/** Throws ApiError BAD_REQUEST for a stretch without an inside, or too long a one. */
function begin(
  wish: EventWish,
  { past, now, asked }: { readonly past: number | null; readonly now: number; readonly asked: ReturnType<typeof timesOf> },
): Start {
  const last = past === null || past > now ? now : past;
  const wished = wish.to === undefined ? asked.until : Date.parse(wish.to);
  // What happens at this very moment has happened.
  const to = Math.min(wished, last + 1);
  const from = wish.from !== undefined ? Date.parse(wish.from) : Number.isFinite(asked.from) ? asked.from : to - dayMs;
  if (from >= to) throw new ApiError('BAD_REQUEST', 'query.from: the first moment lies before the last, and not in the future');
  if (to - from > maxDays * dayMs) {
    const message = `query.from: events of at most ${maxDays} days at a time; ask for one stretch after the other`;
    throw new ApiError('BAD_REQUEST', message);
  }
  return { from, to, place: null, total: null, isExact: true };
}

/** Between which times everything lies that the query as a whole asks for. */
function timesOf(query: Query | null): { readonly from: number; readonly until: number } {
  const parts = query?.kind === 'and' ? query.parts : query ? [query] : [];
  let [from, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const part of parts) {
    if (part.kind !== 'test' || part.field.name !== 'at' || part.test.is !== 'range') continue;
    from = Math.max(from, part.test.from);
    until = Math.min(until, part.test.until);
  }
  return { from, until };
}

type Sorting = Pick<EventWish, 'sort' | 'direction'>;

function orderOf({ sort, direction }: Sorting): EventOrder {
  return { by: sort, isTurned: direction === 'descending' };
}

function cursorName({ sort, direction }: Sorting): string {
  return `events ${sort} ${direction}`;
}

function valueOfRow({ row, kind }: Ranked, { sort }: Sorting): OrderValue {
  return sort === 'kind' ? kind.name : row.value;
}

function readCursor(after: string, sorting: Sorting): Start {
  const { sort } = sorting;
  const types = ['number', 'number', 'number', 'number', 'number', 'text'] as const;
  const own = sort === 'at' ? types : [...types, sort === 'severity' ? ('number' as const) : ('text' as const)];
  const [from, to, total, at, rank, key, value = null] = readPlace(after, cursorName(sorting), own) as [
    number,
    number,
    number,
    number,
    number,
    string,
    OrderValue?,
  ]; // as asked for
  const isTime = [from, to, at].every((one) => Number.isSafeInteger(one) && Math.abs(one) < 8.64e15);
  if (!isTime || from >= to || to - from > maxDays * dayMs || !Number.isSafeInteger(total))
    throw new ApiError('BAD_REQUEST', 'query.after: this is no cursor of this list in this order');
  return { from, to, total: Math.abs(total), isExact: total >= 0, place: { value, at, rank, key } };
}

/** Assets that fit the nested parts of a query; of a moment of the past, with the packages of then. */
async function prepareFitting(
  { db, fleetIndex, config }: Sources,
  { organizationId, now }: EventScope,
  { query, past }: { readonly query: Query | null; readonly past: number | null },
): Promise<EventQuestion['fitting']> {
  const known = new Map<Query, readonly number[]>();
  const moment = past === null || past >= now.getTime() ? null : new Date(past);
  for (const part of nestedParts(query)) {
    const select = await prepareAssets(db, part, { organizationId, asOf: now, silence: config.silence });
    const { assets, ...index } = await selectIn(() => fleetIndex.at(organizationId, moment), select);
    known.set(
      part,
      assets.map((asset) => index.table.assets[asset]?.number ?? -1),
    );
  }
  return (part) => known.get(part) ?? [];
}

async function selectIn(look: () => ReturnType<Sources['fleetIndex']['at']>, select: Awaited<ReturnType<typeof prepareAssets>>) {
  const index = await look();
  const found = select(index);
  const assets = [...found.toUint32Array()];
  found.dispose();
  return { assets, table: index.table };
}

function nestedParts(query: Query | null): Query[] {
  if (query?.kind === 'and' || query?.kind === 'or') return query.parts.flatMap(nestedParts);
  if (query?.kind === 'not') return nestedParts(query.part);
  return query?.kind === 'nested' ? [query.part] : [];
}

interface Asked {
  readonly kinds: readonly EventKind[];
  readonly question: EventQuestion;
}

interface Ranked {
  readonly row: EventRow;
  readonly kind: EventKind;
  /** Place of the kind among all. */
  readonly rank: number;
}

interface PageWish {
  readonly start: Start;
  readonly order: EventOrder;
  readonly size: number;
}

async function readPage(
  sources: Sources,
  { kinds, question }: Asked,
  { start, order, size }: PageWish,
): Promise<readonly Ranked[]> {
  const value = (ranked: Ranked): OrderValue => (order.by === 'kind' ? ranked.kind.name : ranked.row.value);
  const compare = (a: Ranked, b: Ranked): number =>
    compareValues(value(a), value(b)) || b.row.at - a.row.at || a.rank - b.rank || compareValues(a.row.key, b.row.key);
  let found: readonly Ranked[] = [];
  // Of one kind all are alike in that.
  const within: EventOrder = order.by === 'kind' ? { ...order, by: 'at' } : order;
  const assets = order.by === 'hostname' ? await assetsInReach(sources, { kinds, question }, { start, order, size }) : null;
  // One after the other: a question takes one connection.
  for (const kind of kinds) {
    const rank = allEventKinds.indexOf(kind);
    const way = start.place && order.by === 'kind' ? turnedBy(order, compareValues(kind.name, start.place.value)) : 0;
    if (way < 0) continue;
    const behind = way > 0 || !start.place ? null : { ...start.place, told: toldOf({ rank, ...order }, start.place) };
    const part = { order: within, behind, limit: size, assetIds: assets?.get(kind) };
    const last = order.by === 'at' ? found[size - 1]?.row.at : undefined;
    const reach = last ?? (within.by === 'at' ? await kind.reach?.(sources, question, part) : null) ?? null;
    const rows = await kind.page(sources, reach === null ? question : upTo(reach, question, order), part);
    const ranked = rows.map((row) => ({ row, kind, rank }));
    found = [...found, ...ranked].toSorted((a, b) => turnedBy(order, compare(a, b))).slice(0, size);
  }
  return found;
}

/** The part of a question whose events do not come behind a moment in time: an index by time answers it. */
function upTo(at: number, question: EventQuestion, { isTurned }: EventOrder): EventQuestion {
  return isTurned ? { ...question, to: new Date(Math.floor(at) + 1) } : { ...question, from: new Date(at) };
}

/** By kind, on which assets everything on a page by name happened; none of a kind of which something happened on no asset. */
async function assetsInReach(
  sources: Sources,
  { kinds, question }: Asked,
  { start, order, size }: PageWish,
): Promise<ReadonlyMap<EventKind, readonly string[]>> {
  const bounded: EventKind[] = [];
  const all = new Set<string>();
  for (const kind of kinds) {
    const happened = await kind.happened?.(sources, question);
    if (!happened) continue;
    for (const assetId of happened.assetIds) all.add(assetId);
    if (!happened.onNone) bounded.push(kind);
  }
  const { table } = await sources.fleetIndex.current(question.organizationId);
  const first = firstByName(table, [...all], { order, behind: start.place, limit: size });
  return new Map(bounded.map((kind) => [kind, first]));
}

function turnedBy({ isTurned }: Pick<EventOrder, 'isTurned'>, compared: number): number {
  return isTurned ? -compared : compared;
}

/** Of the cursor's moment a kind that comes before the cursor's has been told wholly, one behind it not at all. */
function toldOf({ rank, isTurned }: { readonly rank: number; readonly isTurned: boolean }, place: RankedPlace): Behind['told'] {
  if (rank === place.rank) return { upTo: place.key };
  return rank < place.rank === isTurned ? 'none' : 'all';
}

type Counts = readonly { readonly kind: EventKindName; readonly counts: readonly number[] | null }[];

async function countEvents(sources: Sources, { kinds, question }: Asked, buckets: number): Promise<Counts> {
  const count = Math.max(1, buckets);
  const [from, to] = [question.from.getTime(), question.to.getTime()];
  const all: { kind: EventKindName; counts: number[] | null }[] = [];
  for (const kind of kinds)
    all.push({ kind: kind.name, counts: await kind.count(sources, question, { from, stepMs: (to - from) / count, count }) });
  return all;
}

function sumOf(counts: Counts): number {
  return counts.flatMap((one) => one.counts ?? []).reduce((sum, count) => sum + count, 0);
}

function toChart({ from, to }: Start, counts: Counts, buckets: number): EventChart {
  const kinds = counts.map(({ kind, counts: each }) => ({ kind, counts: [...(each ?? [])] }));
  return { from: new Date(from).toISOString(), stepSeconds: (to - from) / buckets / 1000, kinds };
}

async function toEvents(sources: Sources, scope: EventScope, page: readonly Ranked[]): Promise<FleetEvent[]> {
  const texts = new Map<EventRow, string>();
  for (const [kind, ranked] of Map.groupBy(page, (one) => one.kind)) {
    const rows = ranked.map(({ row }) => row);
    for (const [place, text] of (await kind.describe(sources, scope, rows)).entries()) texts.set(rows[place]!, text);
  }
  const hostnames = await loadHostnames(
    sources.db,
    scope.organizationId,
    page.flatMap(({ row }) => row.assetId ?? []),
  );
  return page.map(({ row, kind }) => {
    const { at, assetId, checkNumber, status, cause, collector, version, previous, name, severity } = row;
    return {
      eventId: idOf(kind.name, row),
      at: new Date(at).toISOString(),
      kind: kind.name,
      text: texts.get(row) ?? '',
      hostname: assetId === null ? null : (hostnames.get(assetId) ?? null),
      check: checkNumber,
      package: row.package,
      assetId,
      status,
      cause,
      collector,
      version,
      previous,
      name,
      severity,
    } as FleetEvent; // ids and check numbers from our own tables
  });
}

/** Kind, moment, asset, and what tells it from others of these. */
function idOf(kind: EventKindName, { at, assetId, ref }: EventRow): string {
  const hash = createHash('sha256').update(ref).digest('base64url').slice(0, 12);
  return [kind, at, ...(assetId === null ? [] : [assetId]), hash].join('-');
}
