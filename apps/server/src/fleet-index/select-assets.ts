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

const severities = [5, 4, 3, 2, 1] as const;

/** One page of the assets that fit, those with the worst open detections first, and how many there are in all. */
export function selectAssets(
  index: OrganizationIndex,
  filter: AssetFilter,
  { limit, offset }: { limit: number; offset: number },
): { readonly total: number; readonly items: { readonly assetId: string; readonly counts: SeverityCounts }[] } {
  const { table } = index;
  const fitting = fittingAssets(index, filter);
  const chosen = firstSorted(fitting.toUint32Array(), limit + offset, (a, b) => compareAssets(index, a, b)).slice(offset);
  const total = fitting.size;
  fitting.dispose();
  const countsOf = (asset: number) =>
    severityCounts(severities.map((severity) => ({ severity, count: table.countOf(asset, severity) })));
  return { total, items: chosen.map((asset) => ({ assetId: table.assets[asset]?.assetId ?? '', counts: countsOf(asset) })) };
}

function fittingAssets({ table }: OrganizationIndex, filter: AssetFilter): RoaringBitmap32 {
  const { search, severity, pendingRestart, silent, within } = filter;
  const text = search?.toLowerCase() ?? '';
  const silentOnes = new RoaringBitmap32(silent?.numbers.flatMap((number) => table.find(number) ?? []) ?? []);
  const isWorse = (asset: number, least: number) => severities.some((one) => one >= least && table.countOf(asset, one) > 0);
  const fitting: number[] = [];
  for (const [asset, { hostname, os, pendingRestart: waits }] of table.assets.entries()) {
    const isNamed = text === '' || hostname.toLowerCase().includes(text) || os.toLowerCase().includes(text);
    const isInState = pendingRestart === undefined || waits === (pendingRestart === 'true');
    const isHeard = silent === null || silentOnes.has(asset) === silent.wanted;
    if (isNamed && isInState && isHeard && (severity === undefined || isWorse(asset, severity))) fitting.push(asset);
  }
  silentOnes.dispose();
  const assets = new RoaringBitmap32(fitting);
  if (within) assets.andInPlace(within);
  return assets;
}

function compareAssets({ table }: OrganizationIndex, a: number, b: number): number {
  for (const severity of severities) {
    const difference = table.countOf(b, severity) - table.countOf(a, severity);
    if (difference !== 0) return difference;
  }
  const [one, other] = [table.assets[a]?.hostname ?? '', table.assets[b]?.hostname ?? ''];
  if (one !== other) return one < other ? -1 : 1;
  return a - b;
}

/** The first so many in order. Sorts no more than it has to: of a hundred thousand assets a page shows twenty. */
function firstSorted(items: Uint32Array, count: number, compare: (a: number, b: number) => number): number[] {
  const batch = Math.max(2 * count, 1000);
  let first: number[] = [];
  for (let start = 0; start < items.length; start += batch) {
    const worst = first[count - 1];
    const better = items.subarray(start, start + batch).filter((item) => worst === undefined || compare(item, worst) < 0);
    if (better.length > 0) first = [...first, ...better].sort(compare).slice(0, count);
  }
  return first;
}
