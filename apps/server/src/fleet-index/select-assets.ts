import type { SeverityCounts } from '@vedette/protocol';
import { RoaringBitmap32 } from 'roaring-wasm';
import { severityCounts } from '../detections/severity-counts.ts';
import type { OrganizationIndex } from './organization-index.ts';

export interface AssetFilter {
  /** Part of the name or of the operating system. */
  readonly search?: string | undefined;
  /** With an open detection of at least this severity. */
  readonly severity?: number | undefined;
  readonly pendingRestart?: 'true' | 'false' | undefined;
  /** Numbers of the silent assets, and whether these are wanted or all others; null for all. */
  readonly silent: { readonly numbers: readonly number[]; readonly wanted: boolean } | null;
  /** Of any where absent. */
  readonly within?: RoaringBitmap32 | undefined;
}

/** Open detections of an asset by severity: those of now, or of another moment. */
export type CountOf = (asset: number, severity: number) => number;

/** By what assets are sorted, by their dense numbers: all of them numbers, or all of them texts. */
export type AssetKey = (asset: number) => string | number;

export interface AssetSort {
  readonly keys: readonly AssetKey[];
  readonly isDescending: boolean;
  /** Begin behind the asset with these keys, its number as the database counts the last of them. */
  readonly after?: readonly (string | number)[] | undefined;
  /** Where keys are not known of all assets: those that come first, and whether others follow. */
  readonly known?: { readonly first: RoaringBitmap32; readonly isCut: boolean } | undefined;
}

interface AssetWish {
  readonly limit: number;
  readonly offset: number;
  /** Worst first where absent. */
  readonly sort?: AssetSort;
  /** Those of now where absent. */
  readonly countOf?: CountOf;
}

interface AssetPage {
  readonly total: number;
  readonly items: readonly { readonly asset: number; readonly assetId: string; readonly counts: SeverityCounts }[];
  /** Keys of the last one; null where the list ends with this page. */
  readonly last: readonly (string | number)[] | null;
}

const severities = [5, 4, 3, 2, 1] as const;

/** Those with the worst open detections first, then by name. */
export function worstFirst({ table }: OrganizationIndex, countOf: CountOf): AssetKey[] {
  return [
    ...severities.map((severity) => (asset: number) => -countOf(asset, severity)),
    (asset) => table.assets[asset]?.hostname ?? '',
  ];
}

/** One page of the assets that fit, and how many there are in all; null where too few of those that come first are known. */
export function selectAssets(
  index: OrganizationIndex,
  filter: AssetFilter,
  { limit, offset, ...wish }: AssetWish,
): AssetPage | null {
  const { table } = index;
  const countOf = wish.countOf ?? ((asset: number, severity: number) => table.countOf(asset, severity));
  const sort = wish.sort ?? { keys: worstFirst(index, countOf), isDescending: false };
  // Assets that are alike in all else keep the order in which the database counts them.
  const keys: AssetKey[] = [...sort.keys, (asset) => table.assets[asset]?.number ?? 0];
  const direction = sort.isDescending ? -1 : 1;
  const place = (asset: number) => keys.map((key) => key(asset));
  const compare = (a: number, b: number) => direction * compareAssets(keys, a, b);
  const { after, known } = sort;
  const fitting = fittingAssets(index, filter, countOf);
  const total = fitting.size;
  if (known) fitting.andInPlace(known.first);
  const all = fitting.toUint32Array();
  fitting.dispose();
  const behind = after ? all.filter((asset) => direction * compareWithPlace(keys, asset, after) > 0) : all;
  // One more than the page says whether others follow.
  if (known?.isCut && behind.length <= limit + offset) return null;
  const chosen = firstSorted(behind, limit + offset, compare).slice(offset);
  const countsOf = (asset: number) =>
    severityCounts(severities.map((severity) => ({ severity, count: countOf(asset, severity) })));
  const last = behind.length > limit + offset ? chosen.at(-1) : undefined;
  return {
    total,
    items: chosen.map((asset) => ({ asset, assetId: table.assets[asset]?.assetId ?? '', counts: countsOf(asset) })),
    last: last === undefined ? null : place(last),
  };
}

/** Asked for each of a large fleet: most differ in the first keys, and nothing is made to compare them. */
function compareAssets(keys: readonly AssetKey[], one: number, other: number): number {
  for (const key of keys) {
    const [a, b] = [key(one), key(other)];
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

function compareWithPlace(keys: readonly AssetKey[], asset: number, place: readonly (string | number)[]): number {
  for (const [at, key] of keys.entries()) {
    const [a, b] = [key(asset), place[at] ?? 0];
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

function fittingAssets({ table }: OrganizationIndex, filter: AssetFilter, countOf: CountOf): RoaringBitmap32 {
  const { search, severity, pendingRestart, silent, within } = filter;
  if (!search && severity === undefined && pendingRestart === undefined && silent === null)
    return within ? RoaringBitmap32.and(table.all, within) : new RoaringBitmap32(table.all);
  const text = search?.toLowerCase() ?? '';
  const silentOnes = new RoaringBitmap32(silent?.numbers.flatMap((number) => table.find(number) ?? []) ?? []);
  const isWorse = (asset: number, least: number) => severities.some((one) => one >= least && countOf(asset, one) > 0);
  const isSystemNamed = lookedAtOnce((os) => os.toLowerCase().includes(text));
  const fitting: number[] = [];
  for (const [asset, { hostname, os, pendingRestart: waits }] of table.assets.entries()) {
    const isNamed = text === '' || hostname.toLowerCase().includes(text) || isSystemNamed(os);
    const isInState = pendingRestart === undefined || waits === (pendingRestart === 'true');
    const isHeard = silent === null || silentOnes.has(asset) === silent.wanted;
    if (isNamed && isInState && isHeard && (severity === undefined || isWorse(asset, severity))) fitting.push(asset);
  }
  silentOnes.dispose();
  const assets = new RoaringBitmap32(fitting);
  if (within) assets.andInPlace(within);
  return assets;
}

/** A fleet has a handful of systems on all its assets. */
function lookedAtOnce(test: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    const result = known.get(text) ?? test(text);
    known.set(text, result);
    return result;
  };
}

/** The first so many in order. Sorts no more than it has to: of a hundred thousand assets a page shows twenty. */
export function firstSorted(items: Uint32Array, count: number, compare: (a: number, b: number) => number): number[] {
  const batch = Math.max(2 * count, 1000);
  let first: number[] = [];
  for (let start = 0; start < items.length; start += batch) {
    const worst = first[count - 1];
    const better = items.subarray(start, start + batch).filter((item) => worst === undefined || compare(item, worst) < 0);
    if (better.length > 0) first = [...first, ...better].sort(compare).slice(0, count);
  }
  return first;
}
