import type { AgentStateName, Asset, AssetSorting, SilenceLimits, SortDirection } from '@vedette/protocol';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { prepareExceptedThen } from '../exceptions/excepted-then.ts';
import { type Excepted, nothingExcepted } from '../fleet-index/excepted.ts';
import { countsAt } from '../fleet-index/past-counts.ts';
import { parseNumbers } from '../fleet-index/read-histories.ts';
import { type AssetKey, type CountOf, selectAssets, worstFirst } from '../fleet-index/select-assets.ts';
import { ApiError } from '../http/api-error.ts';
import { readPlace, writePlace } from '../http/list-cursor.ts';
import { prepareAssets } from '../query/asset-query.ts';
import type { QueryScope } from '../query/detection-query.ts';
import { readQuery } from '../query/read-query.ts';
import { prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { fleetRisk } from '../risk/fleet-risk.ts';
import { pastRisks } from '../risk/past-risks.ts';
import { assetStateSql } from './asset-state.ts';
import { countPackages } from './past-assets.ts';
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
export async function findAssets({ db, fleetIndex }: Sources, query: AssetQuery): Promise<AssetList> {
  const { organizationId, limit, offset, now } = query;
  if (query.search?.includes('\0')) throw new ApiError('BAD_REQUEST', 'query.search: no text holds the character 0');
  const asked = readQuery(query.query, 'asset', now);
  const past = momentOf(asked.asOf ?? query.asOf?.getTime(), now);
  const scope = { organizationId, silence: query.silence, asOf: now };
  const select = asked.query && (await prepareAssets(db, asked.query, scope));
  const heardOf = await assetsByState(db, query);
  const values = await loadSortValues(db, query);
  const contexts = await prepareContexts(db, scope, { prepareAssets, moment: past ?? undefined });
  const view = await lookAt({ db, fleetIndex }, { ...scope, past, isPlain: !asked.query && query.sort !== 'risk' });
  const { index, countOf } = view;
  const weigh = contexts?.(index.present) ?? usualContexts;
  const risks = view.excepted ? null : fleetRisk(index, weigh).risks;
  const { order, keys } = orderOf(query, { index, countOf, values, risks });
  const after = query.after === undefined ? undefined : readPlace(query.after, order, [...keys.map(typeOfKey), 'number']);
  const within = narrowed(index, select?.(index), past);
  const page = selectAssets(
    index,
    { ...query, within, silent: heardOf && { numbers: heardOf, wanted: true } },
    { limit, offset, countOf, sort: { keys: keys.map(({ key }) => key), isDescending: query.direction === 'descending', after } },
  );
  within?.dispose();
  const dense = page.items.map(({ asset }) => asset);
  const then =
    past && view.excepted && pastRisks(index, dense, { moment: past.getTime(), contexts: weigh, excepted: view.excepted });
  const riskOf = (asset: number): number => then?.get(asset) ?? risks?.[asset] ?? 0;
  const items = page.items.map(({ asset, ...item }) => ({ ...item, risk: riskOf(asset) }));
  const assetIds = items.map(({ assetId }) => assetId);
  const rows = await loadAssetRows(db, organizationId, assetIds);
  const packages = past && (await countPackages(db, { organizationId, assetIds, asOf: past }));
  return {
    total: page.total,
    items: items.flatMap(({ assetId, counts, risk }) => {
      const row = rows.get(assetId);
      const own = packages && { packages: packages.get(assetId) ?? 0 };
      return row ? [toAsset({ ...row, ...counts, risk, ...own }, { now, silence: query.silence })] : [];
    }),
    next: page.last && writePlace(order, page.last),
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
async function lookAt(
  { db, fleetIndex }: Sources,
  { past, isPlain, ...scope }: QueryScope & { readonly past: Date | null; readonly isPlain: boolean },
): Promise<View> {
  const { organizationId } = scope;
  if (past && isPlain) {
    const excepted = await prepareExceptedThen(db, { ...scope, moment: past }, prepareAssets);
    const index = await fleetIndex.current(organizationId);
    if (past.getTime() >= index.since) {
      const then = excepted?.(index) ?? nothingExcepted;
      return { index, countOf: countsAt(index, past.getTime(), then), excepted: then };
    }
  }
  const index = await fleetIndex.at(organizationId, past);
  return { index, countOf: (asset, severity) => index.table.countOf(asset, severity), excepted: null };
}

/** What lies ahead is as it is now. */
function momentOf(asOf: number | null | undefined, now: Date): Date | null {
  return asOf === undefined || asOf === null || asOf >= now.getTime() ? null : new Date(asOf);
}

interface Key {
  readonly key: AssetKey;
  readonly isText: boolean;
}

function typeOfKey({ isText }: Key): 'text' | 'number' {
  return isText ? 'text' : 'number';
}

/** The order under its name, for cursors. */
function orderOf(
  { sort = 'worst', direction = 'ascending' }: AssetQuery,
  known: {
    index: OrganizationIndex;
    countOf: CountOf;
    values: Buffer | null;
    risks: Uint16Array | null;
  },
): { order: string; keys: Key[] } {
  const { table } = known.index;
  const hostname: Key = { key: (asset) => table.assets[asset]?.hostname ?? '', isText: true };
  const order = `${sort} ${direction}`;
  if (sort === 'hostname') return { order, keys: [hostname] };
  if (sort === 'os') return { order, keys: [{ key: (asset) => table.assets[asset]?.os ?? '', isText: true }, hostname] };
  if (sort === 'risk') return { order, keys: [{ key: (asset) => -(known.risks?.[asset] ?? 0), isText: false }, hostname] };
  if (sort !== 'worst') {
    const values = sortValues(known.index, known.values ?? Buffer.alloc(0));
    const value = (asset: number): number => values[asset] ?? -1;
    return { order, keys: [{ key: value, isText: false }, hostname] };
  }
  const keys = worstFirst(known.index, known.countOf);
  return { order, keys: keys.map((key, at) => ({ key, isText: at === keys.length - 1 })) };
}

/**
 * What changes with check-ins, which do not reach the index; null where that knows. For each asset its number and a value, 12 bytes as
 * PostgreSQL sends them: a hundred thousand rows would take several times as long to read.
 */
async function loadSortValues(db: Kysely<Database>, { organizationId, sort = 'worst' }: AssetQuery): Promise<Buffer | null> {
  if (sort === 'worst' || sort === 'risk' || sort === 'hostname' || sort === 'os') return null;
  const value = sort === 'packages' ? sql`int8send(packages)` : sql`timestamptz_send(${sql.ref(sort)})`;
  const { rows } = await sql<{ values: Buffer | null }>`
    select string_agg(int4send(number) || coalesce(${value}, int8send(-1)), '') as values
    from asset where organization_id = ${organizationId}`.execute(db);
  return rows[0]?.values ?? Buffer.alloc(0);
}

/** By the assets' dense numbers: microseconds since 2000, or packages; -1 for none. */
function sortValues({ table }: OrganizationIndex, sent: Buffer): Float64Array {
  const values = new Float64Array(table.assets.length).fill(-1);
  for (let at = 0; at < sent.length; at += 12) {
    const asset = table.find(sent.readInt32BE(at));
    if (asset !== undefined) values[asset] = sent.readInt32BE(at + 4) * 2 ** 32 + sent.readUInt32BE(at + 8);
  }
  return values;
}

/** A new bitmap, or the one that was given: of a moment of the past, of the assets that were enrolled by then. */
function narrowed(
  { table }: OrganizationIndex,
  selected: RoaringBitmap32 | undefined,
  past: Date | null,
): RoaringBitmap32 | undefined {
  if (past === null) return selected;
  const enrolled = table.where(({ firstSeen }) => firstSeen <= past.getTime());
  if (selected) enrolled.andInPlace(selected);
  selected?.dispose();
  return enrolled;
}

/**
 * Numbers of the assets in the wanted state, null where any will do. Check-ins do not reach the index: they would be all it hears of.
 */
async function assetsByState(
  db: Kysely<Database>,
  { organizationId, silent, state, silence, now }: AssetQuery,
): Promise<number[] | null> {
  if (silent === undefined && state === undefined) return null;
  const hasCheckedIn = sql`exists (
    select from agent
    where agent.organization_id = asset.organization_id and agent.asset_id = asset.id and agent.last_check_in is not null
  )`;
  const { rows } = await sql<{ numbers: string }>`
    select coalesce(array_agg(number), '{}')::text as numbers from asset
    where organization_id = ${organizationId}
      and ${silent === undefined ? sql`true` : sql`(last_seen < ${new Date(now.getTime() - silentAfterMs)}) = ${silent === 'true'}`}
      and ${state === undefined ? sql`true` : sql`${assetStateSql(now, silence, hasCheckedIn)} = ${state}`}`.execute(db);
  return parseNumbers(rows[0]?.numbers ?? '{}');
}
