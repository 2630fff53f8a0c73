import type { AssetContext } from '@vedette/matching';
import { RoaringBitmap32 } from 'roaring-wasm';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { birthPlaces, SumsAtMoments } from '../fleet-index/sums-at-moments.ts';
import type { AssetContexts } from './asset-contexts.ts';
import { fleetRisk, riskOfFleet } from './fleet-risk.ts';
import { weigher } from './past-risks.ts';

/**
 * Risk of the fleet at moments within the index's window, ascending: of what was open then, weighed by what is known, tagged and excepted
 * now. So it moves by what came and what was fixed, and by nothing else.
 */
export function fleetRiskAt(index: OrganizationIndex, contexts: AssetContexts, moments: readonly number[]): number[] {
  const born = moments.map((moment) => index.table.bornBy(moment));
  const open = weightsOfBorn(index, fleetRisk(index, contexts).weights, moments);
  const undone = new SumsAtMoments(moments);
  const weighIn = weigher(index.book);
  const known = new Map<AssetContext, ReturnType<typeof weighIn>>();
  /** By the state of a detection. */
  const weightsOf = (context: AssetContext, place: number): readonly number[] => {
    const weigh = known.get(context) ?? weighIn(context);
    known.set(context, weigh);
    return [0, weigh(place, 1), weigh(place, 2)];
  };
  const first = Math.min(...moments);
  index.log.forEachMany(first, ({ at, place, assets, from, to }) => {
    const excepted = index.excepted.byPlace.get(place);
    for (const { context, assets: own } of contexts.classes) {
      const byState = weightsOf(context, place);
      const weight = (byState[from] ?? 0) - (byState[to] ?? 0);
      const those = own ? RoaringBitmap32.and(assets, own) : new RoaringBitmap32(assets);
      if (excepted) those.andNotInPlace(excepted);
      for (const [number, moment] of moments.entries()) {
        if (at <= moment) break;
        undone.addBetween(number, number + 1, weight * (born[number]?.count(those) ?? 0));
      }
      those.dispose();
    }
  });
  const births = birthPlaces(index.table, moments);
  index.log.forEachRun(first, (run) => {
    const excepted = index.excepted.byPlace.get(run.place);
    let [context, byState]: [AssetContext | null, readonly number[]] = [null, []];
    let end = 0;
    for (let number = run.begin; number < run.end; number += 1) {
      while ((moments[end] ?? Number.POSITIVE_INFINITY) < run.at(number)) end += 1;
      const asset = run.asset(number);
      if (excepted?.has(asset)) continue;
      const own = contexts.of(asset);
      if (own !== context) [context, byState] = [own, weightsOf(own, run.place)];
      undone.addBetween(births[asset] ?? 0, end, (byState[run.from(number)] ?? 0) - (byState[run.to(number)] ?? 0));
    }
  });
  const weights = undone.sums();
  const risks = open.map((weight, number) => riskOfFleet(Math.max(0, weight + (weights[number] ?? 0)), born[number]?.size ?? 0));
  for (const then of born) then.dispose();
  return risks;
}

/** Of all that is open now, what is on the assets that were there at each moment. */
function weightsOfBorn({ table }: OrganizationIndex, weights: Float64Array, moments: readonly number[]): number[] {
  const sums = new SumsAtMoments(moments);
  for (const [asset, weight] of weights.entries()) sums.add(table.birth(asset), Number.POSITIVE_INFINITY, weight);
  return sums.sums();
}
