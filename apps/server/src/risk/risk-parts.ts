import { riskScore } from '@vedette/matching';
import { RoaringBitmap32 } from 'roaring-wasm';
import { type Part, rankKeys } from '../fleet-index/page-in-order.ts';
import type { Selected } from '../fleet-index/selection.ts';
import type { AssetClass, AssetContexts } from './asset-contexts.ts';
import { toCheckRisk } from './fleet-risk.ts';

/** The detections of a check by their risk, which is the same on all assets of a class, the highest first. */
export function riskParts(contexts: AssetContexts): (selected: Selected) => Part[] {
  const sizesOf = sizesByClass(contexts);
  return (selected) => {
    const sizes = sizesOf(selected);
    const byRisk = new Map<number, { size: number; classes: AssetClass[] }>();
    for (const [at, one] of contexts.classes.entries()) {
      const size = sizes[at] ?? 0;
      if (size === 0) continue;
      const risk = riskScore(toCheckRisk(selected.check), selected.confirmed, one.context);
      const known = byRisk.get(risk) ?? { size: 0, classes: [] };
      byRisk.set(risk, known);
      known.size += size;
      known.classes.push(one);
    }
    return Array.from(byRisk, ([risk, { size, classes }]) => ({
      keys: [-risk, ...rankKeys(selected)],
      size,
      assets: () => assetsOf(selected, classes),
    }));
  };
}

function assetsOf({ assets }: Selected, classes: readonly AssetClass[]): RoaringBitmap32 {
  const result = new RoaringBitmap32();
  for (const { assets: own } of classes) {
    const both = own ? RoaringBitmap32.and(assets, own) : new RoaringBitmap32(assets);
    result.orInPlace(both);
    both.dispose();
  }
  return result;
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
