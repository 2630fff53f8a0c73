import { combinedRisk, riskScore, riskWeight } from '@vedette/matching';
import { type FoundState, statesOf } from '../fleet-index/detection-history.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
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
  const states = new Map(assets.map((asset) => [asset, statesOf(packages.idsOf(asset), book)]));
  const oldest = new Map<string, number>();
  const undo = (asset: number, place: number, before: { readonly at: number; readonly from: FoundState }): void => {
    const key = `${asset} ${place}`;
    if (before.at > (oldest.get(key) ?? Number.POSITIVE_INFINITY)) return;
    oldest.set(key, before.at);
    states.get(asset)?.set(place, before.from);
  };
  log.forEach(moment, ({ at, place, assets: many, from }) => {
    if (at <= moment) return;
    if (typeof many === 'number') {
      if (states.has(many)) undo(many, place, { at, from });
    } else for (const asset of assets) if (many.has(asset)) undo(asset, place, { at, from });
  });
  return new Map(
    assets.map((asset) => {
      let weight = 0;
      for (const [place, state] of table.birth(asset) > moment ? [] : (states.get(asset) ?? [])) {
        const check = book.checks[place];
        if (!check || state === 0 || excepted.byPlace.get(place)?.has(asset)) continue;
        weight += riskWeight(riskScore(toCheckRisk(check), state === 2, contexts.of(asset)));
      }
      return [asset, combinedRisk(weight)];
    }),
  );
}
