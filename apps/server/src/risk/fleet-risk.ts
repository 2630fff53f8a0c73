import { type AssetContext, type CheckRisk, combinedRisk, riskScore, riskWeight } from '@vedette/matching';
import { RoaringBitmap32 } from 'roaring-wasm';
import { type Excepted, narrowToException } from '../fleet-index/excepted.ts';
import { likenessOf } from '../fleet-index/likeness-of.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { IndexedCheck, RankedCheck } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from './asset-contexts.ts';

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
  for (const { context, assets } of contexts.classes) {
    for (const { ranked, weight: own } of weightsOfAlike(index, context)) {
      const open = openNow(index, ranked);
      if (assets) open.andInPlace(assets);
      weight += own * open.size;
      for (const asset of open.toUint32Array()) weights[asset] = (weights[asset] ?? 0) + own;
      open.dispose();
    }
  }
  const risks = Uint16Array.from(weights, combinedRisk);
  return { risks, weights, weight, risk: riskOfFleet(weight, weights.length) };
}

/** The weights on assets of a context of all checks that are open on the same assets together, of thousands of a kernel at once, with one of them. */
function weightsOfAlike(
  index: OrganizationIndex,
  context: AssetContext,
): Iterable<{ readonly ranked: RankedCheck; weight: number }> {
  const byLikeness = new Map<number, { readonly ranked: RankedCheck; weight: number }>();
  for (const ranked of index.book.ranking) {
    const { place, confirmed, check } = ranked;
    if (index.countOpen(place, confirmed) === 0) continue;
    const weight = riskWeight(riskScore(toCheckRisk(check), confirmed, context));
    const likeness = 2 * likenessOf(index, place) + Number(confirmed);
    const known = byLikeness.get(likeness);
    if (known) known.weight += weight;
    else byLikeness.set(likeness, { ranked, weight });
  }
  return byLikeness.values();
}

/** Risk of so many assets with this weight together: that of their average, by weight. */
export function riskOfFleet(weight: number, assets: number): number {
  return assets === 0 ? 0 : combinedRisk(weight / assets);
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
