import { type AssetContext, combinedRisk, riskScore, riskWeight } from '@vedette/matching';
import { type FoundState, statesByPlace } from '../fleet-index/detection-history.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { VerdictBook } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from './asset-contexts.ts';
import { toCheckRisk } from './fleet-risk.ts';

interface PastScope {
  /** Within the window of the index, in ms since 1970. */
  readonly moment: number;
  readonly contexts: AssetContexts;
  /** What exceptions covered then. */
  readonly excepted: Excepted;
}

/** Risk of a page of assets, by their dense numbers, at a moment: of what is found now, with everything undone that came and went since. */
export function pastRisks(
  index: OrganizationIndex,
  assets: readonly number[],
  { moment, contexts, excepted }: PastScope,
): Map<number, number> {
  const { table, packages, book, log } = index;
  const states = new Map(assets.map((asset) => [asset, statesByPlace(packages.idsOf(asset), book)]));
  const oldest = new Map<string, number>();
  const undo = (asset: number, place: number, before: { readonly at: number; readonly from: FoundState }): void => {
    const key = `${asset} ${place}`;
    if (before.at > (oldest.get(key) ?? Number.POSITIVE_INFINITY)) return;
    oldest.set(key, before.at);
    const own = states.get(asset);
    if (own) own[place] = before.from;
  };
  const isWanted = new Uint8Array(table.assets.length);
  for (const asset of assets) isWanted[asset] = 1;
  log.forEachMany(moment + 1, ({ at, place, assets: many, from }) => {
    for (const asset of assets) if (many.has(asset)) undo(asset, place, { at, from });
  });
  log.forEachRun(moment + 1, (run) => {
    for (let number = run.begin; number < run.end; number += 1)
      if (isWanted[run.asset(number)] === 1) undo(run.asset(number), run.place, { at: run.at(number), from: run.from(number) });
  });
  const weightsIn = weigher(book);
  const covers = (place: number, asset: number): boolean => excepted.byPlace.get(place)?.has(asset) ?? false;
  return new Map(
    assets.map((asset) => {
      const own = table.birth(asset) > moment ? nothing : (states.get(asset) ?? nothing);
      const weightOf = weightsIn(contexts.of(asset));
      let weight = 0;
      for (let place = 0; place < own.length; place += 1) {
        const state = own[place] ?? 0;
        if (state !== 0 && !covers(place, asset)) weight += weightOf(place, state);
      }
      return [asset, combinedRisk(weight)];
    }),
  );
}

const nothing = new Uint8Array(0);

/** Weights of checks in their states on assets of a context, each worked out once: the assets of a page have most in common. */
export function weigher({ checks }: VerdictBook): (context: AssetContext) => (place: number, state: number) => number {
  const byContext = new Map<string, Float64Array>();
  return (context) => {
    const key = `${context.criticality} ${context.exposure}`;
    const weights = byContext.get(key) ?? new Float64Array(2 * checks.length).fill(-1);
    byContext.set(key, weights);
    return (place, state) => {
      const at = 2 * place + state - 1;
      const known = weights[at] ?? 0;
      if (known >= 0) return known;
      const check = checks[place];
      return (weights[at] = check ? riskWeight(riskScore(toCheckRisk(check), state === 2, context)) : 0);
    };
  };
}
