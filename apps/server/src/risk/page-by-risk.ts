import { riskScore } from '@vedette/matching';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { RankedCheck } from '../fleet-index/verdict-book.ts';
import type { Selected } from '../fleet-index/selection.ts';
import type { AssetContexts } from './asset-contexts.ts';
import { toCheckRisk } from './fleet-risk.ts';

/** Where a detection stands in a list by risk. It keeps its place however many come and go around it. */
export interface RiskPlace {
  readonly risk: number;
  readonly check: number;
  readonly confirmed: boolean;
  /** The asset, as the database counts assets. */
  readonly asset: number;
}

export interface RiskPage {
  readonly total: number;
  readonly items: readonly { readonly check: number; readonly assetId: string }[];
  readonly last: RiskPlace | null;
}

interface Wish {
  readonly limit: number;
  readonly offset: number;
  readonly after?: RiskPlace | undefined;
}

type Select = (visit: (selected: Selected) => void) => void;

/** A check with one score: on assets of one class, or of several where the scores are the same. */
interface Group {
  readonly risk: number;
  readonly ranked: RankedCheck;
  size: number;
}

/**
 * One page of what `select` visits, those of the highest risk first, then by check and asset. It visits twice: to see where the page lies,
 * and for the assets on it alone.
 */
export function pageByRisk(
  { index, contexts }: { readonly index: OrganizationIndex; readonly contexts: AssetContexts },
  { limit, offset, after }: Wish,
  select: Select,
): RiskPage {
  const groups: Group[] = [];
  let total = 0;
  const sizesOf = sizesByClass(contexts);
  select((selected) => {
    total += selected.size;
    const sizes = sizesOf(selected);
    const own: Group[] = [];
    for (const [at, { context }] of contexts.classes.entries()) {
      const size = sizes[at] ?? 0;
      if (size === 0) continue;
      const risk = riskScore(toCheckRisk(selected.check), selected.confirmed, context);
      const known = own.find((group) => group.risk === risk);
      if (known) known.size += size;
      else own.push({ risk, ranked: selected, size });
    }
    groups.push(...own);
  });
  const ordered = groups.filter((group) => !after || compareWith(group, after) >= 0).sort(compareGroups);
  const wanted = firstOf(ordered, { limit: limit + offset, after });
  const assets = collect(select, contexts, wanted);
  const items: { check: number; assetId: string }[] = [];
  let [left, last] = [offset, null as RiskPlace | null];
  for (const { risk, ranked } of wanted) {
    const behind = after && compareWith({ risk, ranked }, after) === 0 ? after.asset : -1;
    for (const { number, assetId } of inOrder(index, assets.get(keyOf(ranked, risk)))) {
      if (number <= behind || items.length >= limit) continue;
      left -= 1;
      if (left >= 0) continue;
      items.push({ check: ranked.check.number, assetId });
      last = { risk, check: ranked.check.number, confirmed: ranked.confirmed, asset: number };
    }
  }
  for (const bitmap of assets.values()) bitmap.dispose();
  return { total, items, last: items.length < limit ? null : last };
}

function scoresOf({ check, confirmed }: Selected, { classes }: AssetContexts) {
  return classes.map(({ context, assets }) => ({ risk: riskScore(toCheckRisk(check), confirmed, context), own: assets }));
}

/** On how many assets of each class it is, counted once for all that are on the same. */
function sizesByClass({ classes }: AssetContexts): (selected: Selected) => readonly number[] {
  const known = new Map<number, number[]>();
  return (selected) => {
    const { likeness, size } = selected;
    if (classes.length === 1 && classes[0]?.assets === null) return [size];
    const before = likeness === null ? undefined : known.get(likeness);
    if (before) return before;
    const { assets } = selected;
    const sizes = classes.map(({ assets: own }) => (own ? assets.andCardinality(own) : size));
    if (likeness !== null) known.set(likeness, sizes);
    return sizes;
  };
}

function keyOf({ place, confirmed }: Pick<RankedCheck, 'place' | 'confirmed'>, risk: number): string {
  return `${risk} ${place} ${confirmed}`;
}

function compareGroups(a: Group, b: Group): number {
  return (
    b.risk - a.risk || b.ranked.check.number - a.ranked.check.number || Number(b.ranked.confirmed) - Number(a.ranked.confirmed)
  );
}

function compareWith({ risk, ranked }: Pick<Group, 'risk' | 'ranked'>, place: RiskPlace): number {
  return place.risk - risk || place.check - ranked.check.number || Number(place.confirmed) - Number(ranked.confirmed);
}

/** As many groups as hold so many detections behind the place, whose own group may hold none. */
function firstOf(ordered: readonly Group[], { limit, after }: Pick<Wish, 'limit' | 'after'>): Group[] {
  const first: Group[] = [];
  let size = 0;
  for (const group of ordered) {
    if (size >= limit) break;
    first.push(group);
    if (!after || compareWith(group, after) !== 0) size += group.size;
  }
  return first;
}

function collect(select: Select, contexts: AssetContexts, wanted: readonly Group[]): Map<string, RoaringBitmap32> {
  const keys = new Set(wanted.map(({ ranked, risk }) => keyOf(ranked, risk)));
  const places = new Set(wanted.map(({ ranked }) => ranked.place));
  const found = new Map<string, RoaringBitmap32>();
  select((selected) => {
    if (!places.has(selected.place)) return;
    for (const { risk, own } of scoresOf(selected, contexts)) {
      const key = keyOf(selected, risk);
      if (!keys.has(key)) continue;
      const assets = own ? RoaringBitmap32.and(selected.assets, own) : new RoaringBitmap32(selected.assets);
      const known = found.get(key);
      if (known) known.orInPlace(assets);
      else found.set(key, assets);
      if (known) assets.dispose();
    }
  });
  return found;
}

function inOrder({ table }: OrganizationIndex, assets: RoaringBitmap32 | undefined) {
  const all = Array.from(assets?.toUint32Array() ?? [], (dense) => table.assets[dense]);
  return all.flatMap((asset) => asset ?? []).sort((a, b) => a.number - b.number);
}
