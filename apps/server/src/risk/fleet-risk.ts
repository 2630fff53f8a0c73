import { type AssetContext, type CheckRisk, combinedRisk, riskScore, riskWeight } from '@vedette/matching';
import { RoaringBitmap32 } from 'roaring-wasm';
import { type Excepted, narrowToException } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { IndexedCheck, RankedCheck } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from './asset-contexts.ts';

/** A check on assets on which it has the same risk. */
export interface Scored {
  readonly ranked: RankedCheck;
  readonly score: number;
  readonly context: AssetContext;
  /** The visitor's for the visit alone. */
  readonly assets: RoaringBitmap32;
}

export interface FleetRisk {
  /** 0 to 1000, by the asset's dense number. */
  readonly risks: Uint16Array;
  /** Sum of the weights of everything open, and by asset. */
  readonly weight: number;
  readonly weights: Float64Array;
  /** Of the fleet: that of its average asset. */
  readonly risk: number;
}

interface Kept {
  readonly revision: number;
  readonly until: number;
  readonly contexts: AssetContexts;
  readonly excepted: Excepted;
  readonly risk: FleetRisk;
}

/** What took long to add up is believed for so many times as long, whatever comes and goes. */
const patienceFactor = 30;
const quickMs = 20;
const kept = new WeakMap<OrganizationIndex, Kept>();

export function toCheckRisk({ severity, cvss, epss, exploited }: IndexedCheck): CheckRisk {
  return { severity, cvss, epss, exploited };
}

/** What assets and their fleet are worth to an attacker now. A score belongs to a check and a class of assets: so many, not one each. */
export function fleetRisk(index: OrganizationIndex, contexts: AssetContexts): FleetRisk {
  const begin = performance.now();
  const known = kept.get(index);
  const isSame = known?.contexts === contexts && known.excepted === index.excepted;
  if (known && isSame && (known.revision === index.revision || begin < known.until)) return known.risk;
  const risk = addUp(index, contexts);
  const took = performance.now() - begin;
  const until = took < quickMs ? 0 : begin + took * patienceFactor;
  kept.set(index, { revision: index.revision, until, contexts, excepted: index.excepted, risk });
  return risk;
}

function addUp(index: OrganizationIndex, contexts: AssetContexts): FleetRisk {
  const weights = new Float64Array(index.table.assets.length);
  let weight = 0;
  visitScored(index, contexts, ({ score, assets }) => {
    const own = riskWeight(score);
    weight += own * assets.size;
    for (const asset of assets.toUint32Array()) weights[asset] = (weights[asset] ?? 0) + own;
  });
  const risks = Uint16Array.from(weights, combinedRisk);
  return { risks, weights, weight, risk: riskOfFleet(weight, weights.length) };
}

/** Risk of so many assets with this weight together: that of their average, by weight. */
export function riskOfFleet(weight: number, assets: number): number {
  return assets === 0 ? 0 : combinedRisk(weight / assets);
}

/** Visits everything that is open and that no exception covers, in the order of the book's ranking. */
export function visitScored(index: OrganizationIndex, contexts: AssetContexts, visit: (scored: Scored) => void): void {
  for (const ranked of index.book.ranking) {
    if (index.countOpen(ranked.place, ranked.confirmed) === 0) continue;
    const open = openNow(index, ranked);
    for (const { context, assets } of contexts.classes) {
      const score = riskScore(toCheckRisk(ranked.check), ranked.confirmed, context);
      const own = assets ? RoaringBitmap32.and(open, assets) : open;
      if (!own.isEmpty) visit({ ranked, score, context, assets: own });
      if (own !== open) own.dispose();
    }
    open.dispose();
  }
}

/** A new bitmap of the assets on which a check is open, as more than information or as that, and no exception covers it. */
export function openNow(
  index: OrganizationIndex,
  { place, confirmed }: Pick<RankedCheck, 'place' | 'confirmed'>,
): RoaringBitmap32 {
  const found = index.checks[place];
  const open = new RoaringBitmap32((confirmed ? found?.open : found?.information) ?? []);
  if (confirmed && found?.information) open.andNotInPlace(found.information);
  narrowToException(index.excepted, place, { assets: open, filter: 'without' });
  return open;
}

/** Says of checks the sum of their weights on these assets, which are counted now, once for all checks. */
export function weigherOn(
  contexts: AssetContexts,
  on: RoaringBitmap32,
): (found: Pick<RankedCheck, 'check' | 'confirmed'>) => number {
  const counted = contexts.classes.map(({ context, assets }) => ({
    context,
    count: assets ? on.andCardinality(assets) : on.size,
  }));
  const present = counted.filter(({ count }) => count > 0);
  return ({ check, confirmed }) => {
    const risk = toCheckRisk(check);
    return present.reduce((sum, { context, count }) => sum + count * riskWeight(riskScore(risk, confirmed, context)), 0);
  };
}
