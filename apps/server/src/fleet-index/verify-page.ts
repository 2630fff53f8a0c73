import { isDeepStrictEqual } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { Database } from '../db/schema.ts';
import type { IndexedAsset } from './asset-table.ts';
import {
  type AssetHistory,
  deriveHistories,
  type Move as MoveOfPackage,
  movesOf,
  presentVersions,
  statesOf,
  type Transition,
} from './detection-history.ts';
import { assetPage } from './index-builder.ts';
import type { OrganizationIndex } from './organization-index.ts';
import type { Cursor } from './cursor.ts';
import { parseNumbers, readAssets, readHistories } from './read-histories.ts';
import { sortedOnce } from './sorted-numbers.ts';

interface Page {
  readonly organizationId: string;
  /** Asset number behind which the page begins. */
  readonly after: number;
  /** Where the index is, which the transaction sees. */
  readonly until: Cursor;
  /** Numbers of assets that are compared once more, and read again where they still differ; with null all are, and none is. */
  readonly suspects: ReadonlySet<number> | null;
}

export interface VerifiedPage {
  readonly assets: number;
  /** Numbers of those that differed. */
  readonly differing: readonly number[];
  /** Where the next page begins; null after the last. */
  readonly last: number | null;
}

/**
 * Compares one page of assets with the database in two ways: packages with the current inventories, and detections with what their
 * histories say, derived anew. An asset that differs twice is wrong: a database in shards may show an inventory before its turn.
 */
export async function verifyPage(
  tx: Kysely<Database>,
  index: OrganizationIndex | undefined,
  { organizationId, after, until, suspects }: Page,
): Promise<VerifiedPage> {
  if (!index) return { assets: 0, differing: [], last: null };
  const assets = await readAssets(tx, { organizationId, after, limit: assetPage });
  const histories = await readHistories(tx, { organizationId, until }, assets);
  const inventories = await readInventories(
    tx,
    organizationId,
    assets.map(({ assetId }) => assetId),
  );
  const denses = assets.flatMap(({ number }) => index.table.find(number) ?? []);
  const known = describeAssets(index, denses);
  const differing: number[] = [];
  const wrong = new Map<number, AssetHistory>();
  for (const asset of assets) {
    const dense = index.table.find(asset.number);
    const history = histories.get(asset.number);
    if (!history || suspects?.has(asset.number) === false) continue;
    const expected = { asset, history, packages: inventories.get(asset.assetId) ?? new Uint32Array(0) };
    if (dense !== undefined && isAsExpected(index, { dense, told: known.get(dense) }, expected)) continue;
    differing.push(asset.number);
    if (suspects) wrong.set(index.enterAsset(asset), history);
  }
  if (wrong.size > 0) index.reload(wrong);
  return { assets: assets.length, differing, last: assets.length < assetPage ? null : (assets.at(-1)?.number ?? null) };
}

interface Expected {
  readonly asset: IndexedAsset;
  readonly history: AssetHistory;
  readonly packages: Uint32Array;
}

function isAsExpected(
  index: OrganizationIndex,
  { dense, told }: { readonly dense: number; readonly told: string | undefined },
  { asset, history, packages }: Expected,
): boolean {
  const isSame = isDeepStrictEqual(index.table.assets[dense], asset) && sameNumbers(index.packages.idsOf(dense), packages);
  return isSame && told === describeHistory(index, history);
}

/** [place of the check, state now, was fixed, and never more than information, transitions in the window] */
type Line = [number, number, boolean, boolean, string[]];

/** What the index says of some assets, one text each. */
export function describeAssets(index: OrganizationIndex, assets: readonly number[]): Map<number, string> {
  const lines = new Map(assets.map((asset) => [asset, new Map<number, Line>()]));
  const lineOf = (asset: number, place: number): Line => {
    const line = lines.get(asset)?.get(place) ?? [place, 0, false, false, []];
    lines.get(asset)?.set(place, line);
    return line;
  };
  const moves = new Map(assets.map((asset) => [asset, [] as Move[]]));
  index.packageLog.forEach(index.since, ({ assets: asset, place, at, to }) => {
    if (typeof asset === 'number') moves.get(asset)?.push({ packageVersion: place, at, to });
  });
  const wanted = new RoaringBitmap32(assets);
  const among = (bitmap: RoaringBitmap32) => {
    const common = RoaringBitmap32.and(bitmap, wanted);
    const list = common.toArray();
    common.dispose();
    return list;
  };
  for (const [place, found] of index.checks.entries()) {
    if (!found) continue;
    for (const asset of among(found.open)) lineOf(asset, place)[1] = found.stateOf(asset);
    for (const asset of among(found.wasFixed)) lineOf(asset, place)[2] = true;
    for (const asset of among(found.doubtful)) lineOf(asset, place)[3] = true;
  }
  index.log.forEach(index.since, ({ assets: many, place, ...transition }) => {
    const list = typeof many === 'number' ? [many].filter((asset) => lines.has(asset)) : among(many);
    for (const asset of list) lineOf(asset, place)[4].push(describe(transition));
  });
  wanted.dispose();
  return new Map(
    [...lines].map(([asset, byPlace]) => {
      const counts = [1, 2, 3, 4, 5].map((severity) => index.table.countFound(asset, severity));
      const times = { birth: index.table.birth(asset), lastChange: index.table.lastChange(asset) };
      return [asset, text({ ...times, moves: moves.get(asset) ?? [] }, counts, [...byPlace.values()])];
    }),
  );
}

/** What the index ought to say of an asset with this history. */
function describeHistory({ book, since }: OrganizationIndex, history: AssetHistory): string {
  const lines = new Map<number, Line>();
  const counts = [0, 0, 0, 0, 0];
  for (const [place, state] of statesOf(presentVersions(history), book)) {
    lines.set(place, [place, state, false, false, []]);
    const counted = (state === 2 ? (book.checks[place]?.severity ?? 1) : 1) - 1;
    counts[counted] = (counts[counted] ?? 0) + 1;
  }
  for (const { place, wasFixed, wasConfirmed, transitions } of deriveHistories(history, book, since)) {
    const state = lines.get(place)?.[1] ?? 0;
    lines.set(place, [place, state, wasFixed, wasFixed && !wasConfirmed, transitions.map(describe)]);
  }
  const { birth, lastChange } = history;
  return text({ birth: birth ?? 0, lastChange, moves: movesOf(history, since) }, counts, [...lines.values()]);
}

function describe({ at, from, to, first }: Transition): string {
  return `${at} ${from} ${to} ${first}`;
}

type Move = Pick<MoveOfPackage, 'packageVersion' | 'at' | 'to'>;

/** What came and went at the same moment was never there. */
function describeMoves(moves: readonly Move[]): string[] {
  const byPlace = Map.groupBy(moves, ({ packageVersion, at }) => `${packageVersion} ${at}`);
  const sums = Array.from(byPlace, ([key, own]) => ({ key, sum: own.reduce((sum, { to }) => sum + (to === 0 ? -1 : 1), 0) }));
  return sums.flatMap(({ key, sum }) => (sum === 0 ? [] : [`${key} ${sum}`])).toSorted();
}

interface Packages {
  readonly birth: number;
  readonly lastChange: number;
  /** When package versions came and went in the window. */
  readonly moves: readonly Move[];
}

function text({ birth, lastChange, moves }: Packages, counts: readonly number[], lines: readonly Line[]): string {
  const ordered = lines
    .filter(([, state, wasFixed, , transitions]) => state > 0 || wasFixed || transitions.length > 0)
    // Whether it was ever more than information matters only where it is gone.
    .map(
      ([place, state, wasFixed, doubtful, transitions]) =>
        [place, state, wasFixed, state === 0 && doubtful, transitions.toSorted()] as const,
    )
    .toSorted(([a], [b]) => a - b);
  return JSON.stringify([birth, lastChange, describeMoves(moves), counts, ordered]);
}

function sameNumbers(one: Uint32Array, other: Uint32Array): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

async function readInventories(
  tx: Kysely<Database>,
  organizationId: string,
  assetIds: readonly string[],
): Promise<Map<string, Uint32Array>> {
  const { rows } = await sql<{ assetId: string; ids: string; added: string; removed: string }>`
    select asset_id, ids::text as ids, added::text as added, removed::text as removed
    from inventory join package_set using (set_hash)
    where organization_id = ${organizationId} and asset_id = any(${[...assetIds]}::uuid[])`.execute(tx);
  const byAsset = Map.groupBy(rows, ({ assetId }) => assetId);
  return new Map([...byAsset].map(([assetId, parts]) => [assetId, sortedOnce(parts.flatMap(idsOf))]));
}

function idsOf({ ids, added, removed }: { ids: string; added: string; removed: string }): number[] {
  const gone = new Set(parseNumbers(removed));
  return [...parseNumbers(ids).filter((id) => !gone.has(id)), ...parseNumbers(added)];
}
