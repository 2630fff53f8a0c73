import {
  AgentStateName,
  type Asset,
  type AssetSorting,
  type SeverityCounts,
  type SilenceLimits,
  type SortDirection,
} from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import type { AssetTable } from '../fleet-index/asset-table.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { prepareExceptedThen } from '../exceptions/excepted-then.ts';
import { type Excepted, nothingExcepted } from '../fleet-index/excepted.ts';
import { countEachAt } from '../fleet-index/count-each-at.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { type AssetKey, type CountOf, selectAssets, worstFirst } from '../fleet-index/select-assets.ts';
import { ApiError } from '../http/api-error.ts';
import { type Place, readPlace, writePlace } from '../http/list-cursor.ts';
import { prepareAssets } from '../query/asset-query.ts';
import type { QueryScope } from '../query/prepare-assets.ts';
import { readQuery } from '../query/read-query.ts';
import { prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { fleetRisk } from '../risk/fleet-risk.ts';
import { pastRisks } from '../risk/past-risks.ts';
import { versionText } from '../software/version-text.ts';
import { countPackages } from './past-assets.ts';
import { prepareStates, type StateOf } from './prepare-states.ts';
import { isStored, loadSortValues, type SentValues, SortValues } from './sort-values.ts';
import { loadAssetRows, toAsset } from './store.ts';

export interface AssetQuery {
  readonly organizationId: string;
  /** In the query language. */
  readonly query?: string | undefined;
  readonly search?: string | undefined;
  /** With an open detection of at least this severity. */
  readonly severity?: number | undefined;
  readonly pendingRestart?: 'true' | 'false' | undefined;
  readonly silent?: 'true' | 'false' | undefined;
  readonly state?: AgentStateName | undefined;
  readonly silence: SilenceLimits;
  readonly now: Date;
  /** A moment of the past; absent for now. */
  readonly asOf?: Date | undefined;
  readonly sort?: AssetSorting | undefined;
  readonly direction?: SortDirection | undefined;
  readonly limit: number;
  readonly offset: number;
  /** Cursor of a page before. */
  readonly after?: string | undefined;
}

export interface AssetList {
  readonly total: number;
  readonly items: Asset[];
  readonly next: string | null;
}

/** An asset that was not heard of for so long counts as silent. */
export const silentAfterMs = 24 * 3600 * 1000;

type Sources = Pick<Context, 'db' | 'fleetIndex'>;

/**
 * Assets with their open detections counted, worst first unless another order is wished. As of a moment: those that were enrolled, with
 * packages and detections of then, chosen by what they are now. Throws ApiError BAD_REQUEST for a query that cannot be understood,
 * UNAVAILABLE while the fleet index is being built.
 */
export async function findAssets(sources: Sources, query: AssetQuery): Promise<AssetList> {
  const { db } = sources;
  const { organizationId, now } = query;
  if (query.search?.includes('\0')) throw new ApiError('BAD_REQUEST', 'query.search: no text holds the character 0');
  const asked = readQuery(query.query, 'asset', now);
  const past = momentOf(asked.asOf ?? query.asOf?.getTime(), now);
  const scope = { organizationId, silence: query.silence, asOf: now };
  const prepared = {
    ...scope,
    past,
    isPlain: !asked.query && query.sort !== 'risk',
    select: asked.query && (await prepareAssets(db, asked.query, scope)),
    heardOf: await assetsBySilence(db, query),
    states: query.sort === 'state' || query.state !== undefined ? await prepareStates(db, scope) : null,
    contexts: await prepareContexts(db, scope, { prepareAssets, moment: past ?? undefined }),
  };
  const page = await findPage(sources, query, prepared);
  const assetIds = page.items.map(({ assetId }) => assetId);
  const rows = await loadAssetRows(db, organizationId, assetIds);
  const packages = past && (await countPackages(db, { organizationId, assetIds, asOf: past }));
  return {
    ...page,
    items: page.items.flatMap(({ assetId, counts, risk }) => {
      const row = rows.get(assetId);
      const own = packages && { packages: packages.get(assetId) ?? 0 };
      return row ? [toAsset({ ...row, ...counts, risk, ...own }, { now, silence: query.silence })] : [];
    }),
  };
}

/** What was asked of the database before the index is looked at. */
interface Prepared extends QueryScope {
  readonly past: Date | null;
  readonly isPlain: boolean;
  readonly select: Awaited<ReturnType<typeof prepareAssets>> | null;
  readonly heardOf: readonly number[] | null;
  readonly contexts: Awaited<ReturnType<typeof prepareContexts>>;
  /** Where the list is sorted or filtered by them. */
  readonly states: Awaited<ReturnType<typeof prepareStates>> | null;
}

interface Page {
  readonly total: number;
  readonly items: readonly { readonly assetId: string; readonly counts: SeverityCounts; readonly risk: number }[];
  readonly next: string | null;
}

/** What only the database can sort by is asked of the assets that come first; of all where too few of these fit the filter. */
async function findPage(sources: Sources, query: AssetQuery, prepared: Prepared): Promise<Page> {
  const { organizationId, sort = 'worst', direction = 'ascending' } = query;
  const [from] = isStored(sort) ? (readAfter(query, ['number', 'text', 'number']) ?? []) : [];
  const wish = isStored(sort) ? { organizationId, sort, direction, from: typeof from === 'number' ? from : null } : null;
  for (const isPart of wish ? [true, false] : [false]) {
    const sent = wish && (await loadSortValues(sources.db, wish, { isPart }));
    const page = choosePage(await lookAt(sources, prepared), query, { prepared, sent });
    if (page) return page;
  }
  throw new Error('a page was not found among all assets'); // a fault of ours
}

/** Null where more values have to be known. Says all that is to be said by the index: it is not looked at again. */
function choosePage(
  { index, countOf, excepted }: View,
  query: AssetQuery,
  { prepared, sent }: { readonly prepared: Prepared; readonly sent: SentValues | null },
): Page | null {
  const { past, select, heardOf, contexts } = prepared;
  const { limit, offset, direction } = query;
  using values = sent && new SortValues(index.table, sent);
  const weigh = contexts?.(index.present) ?? usualContexts;
  const risks = excepted ? null : fleetRisk(index, weigh).risks;
  const stateOf = prepared.states?.(index.table) ?? null;
  const keys = keysOf(query, { index, countOf, values, stateOf, risks });
  const after = readAfter(query, [...keys.map(typeOfKey), 'number']);
  const within = narrowed(index.table, select?.(index), testsOf(query, past, { table: index.table, stateOf }));
  const known = values?.first ? { first: values.first, isCut: values.isCut } : undefined;
  const page = selectAssets(
    index,
    { ...query, within, silent: heardOf && { numbers: heardOf, wanted: true } },
    {
      limit,
      offset,
      countOf,
      sort: { keys: keys.map(({ key }) => key), isDescending: direction === 'descending', after, known },
    },
  );
  within?.dispose();
  if (!page) return null;
  const dense = page.items.map(({ asset }) => asset);
  const then = past && excepted && pastRisks(index, dense, { moment: past.getTime(), contexts: weigh, excepted });
  const riskOf = (asset: number): number => then?.get(asset) ?? risks?.[asset] ?? 0;
  return {
    total: page.total,
    items: page.items.map(({ asset, ...item }) => ({ ...item, risk: riskOf(asset) })),
    next: page.last && writePlace(orderName(query), page.last),
  };
}

interface View {
  readonly index: OrganizationIndex;
  readonly countOf: CountOf;
  /** Where the index is that of now and what it counts is that of then: what exceptions covered then. */
  readonly excepted: Excepted | null;
}

/**
 * The index of the moment, or that of now, where its log tells as much: to count assets needs no index of then. Use it before the next
 * await.
 */
async function lookAt({ db, fleetIndex }: Sources, { past, isPlain, organizationId, silence, asOf }: Prepared): Promise<View> {
  if (past && isPlain) {
    const excepted = await prepareExceptedThen(db, { organizationId, silence, asOf, moment: past }, prepareAssets);
    const index = await fleetIndex.current(organizationId);
    if (past.getTime() >= index.since) {
      const then = excepted?.(index) ?? nothingExcepted;
      return { index, countOf: countEachAt(index, past.getTime(), then), excepted: then };
    }
  }
  const index = await fleetIndex.at(organizationId, past);
  return { index, countOf: (asset, severity) => index.table.countOf(asset, severity), excepted: null };
}

/** What lies ahead is as it is now. */
function momentOf(asOf: number | null | undefined, now: Date): Date | null {
  return asOf === undefined || asOf === null || asOf >= now.getTime() ? null : new Date(asOf);
}

/** The order under its name, for cursors. */
function orderName({ sort = 'worst', direction = 'ascending' }: AssetQuery): string {
  return `${sort} ${direction}`;
}

function readAfter(query: AssetQuery, types: readonly ('text' | 'number')[]): Place | undefined {
  return query.after === undefined ? undefined : readPlace(query.after, orderName(query), types);
}

interface Key {
  readonly key: AssetKey;
  readonly isText: boolean;
}

function typeOfKey({ isText }: Key): 'text' | 'number' {
  return isText ? 'text' : 'number';
}

function keysOf(
  { sort = 'worst' }: AssetQuery,
  known: {
    index: OrganizationIndex;
    countOf: CountOf;
    values: SortValues | null;
    stateOf: StateOf | null;
    risks: Uint16Array | null;
  },
): Key[] {
  const { table } = known.index;
  const hostname: Key = { key: (asset) => table.assets[asset]?.hostname ?? '', isText: true };
  if (sort === 'hostname') return [hostname];
  if (sort === 'os' || sort === 'release') return [{ key: (asset) => table.assets[asset]?.[sort] ?? '', isText: true }, hostname];
  if (sort === 'pendingRestart')
    return [{ key: (asset) => -Number(table.assets[asset]?.pendingRestart ?? false), isText: false }, hostname];
  if (sort === 'architecture')
    return [{ key: (asset) => table.assets[asset]?.architecture.slice(0, sortedLength) ?? '', isText: true }, hostname];
  if (sort === 'agentVersion') return [{ key: versionKey(table), isText: true }, hostname];
  const { stateOf } = known;
  if (sort === 'state' && stateOf) return [{ key: (asset) => placesOfStates.get(stateOf(asset)) ?? '', isText: true }, hostname];
  if (sort === 'risk') return [{ key: (asset) => -(known.risks?.[asset] ?? 0), isText: false }, hostname];
  if (sort !== 'worst') return [{ key: (asset) => known.values?.of(asset) ?? -1, isText: false }, hostname];
  const keys = worstFirst(known.index, known.countOf);
  return keys.map((key, at) => ({ key, isText: at === keys.length - 1 }));
}

/** The places of states as they follow each other, as texts that compare. */
const placesOfStates = new Map(AgentStateName.options.map((name, place) => [name, `${place}`]));
/** So much of a text decides about its place: a cursor goes into an address. */
const sortedLength = 100;

/** A text that compares as versions do, and none before all others. */
function versionKey({ assets }: AssetTable): AssetKey {
  const known = new Map([['', '']]);
  return (asset) => {
    const version = assets[asset]?.agentVersion ?? '';
    const text = known.get(version) ?? versionText({ ecosystem: 'npm', version });
    known.set(version, text);
    return text;
  };
}

/** What assets have to be beside fitting the filter: of a moment of the past, enrolled by then. */
function testsOf(
  { state }: AssetQuery,
  past: Date | null,
  { table, stateOf }: { readonly table: AssetTable; readonly stateOf: StateOf | null },
): ((asset: number) => boolean)[] {
  return [
    ...(past ? [(asset: number) => (table.assets[asset]?.firstSeen ?? Number.POSITIVE_INFINITY) <= past.getTime()] : []),
    ...(state !== undefined && stateOf ? [(asset: number) => stateOf(asset) === state] : []),
  ];
}

/** A new bitmap, or the one that was given; undefined for all. */
function narrowed(
  { all }: AssetTable,
  selected: RoaringBitmap32 | undefined,
  tests: ReturnType<typeof testsOf>,
): RoaringBitmap32 | undefined {
  if (tests.length === 0) return selected;
  const fitting = (selected ?? all).toUint32Array().filter((asset) => tests.every((test) => test(asset)));
  selected?.dispose();
  return new RoaringBitmap32(fitting);
}

/** Numbers of the assets that are silent, or of those that are not; null where any will do. Check-ins do not reach the index: they would be all it hears of. */
async function assetsBySilence(db: Kysely<Database>, { organizationId, silent, now }: AssetQuery): Promise<number[] | null> {
  if (silent === undefined) return null;
  const { rows } = await sql<{ numbers: string }>`
    select coalesce(array_agg(number), '{}')::text as numbers from asset
    where organization_id = ${organizationId}
      and (last_seen < ${new Date(now.getTime() - silentAfterMs)}) = ${silent === 'true'}`.execute(db);
  return parseNumbers(rows[0]?.numbers ?? '{}');
}
