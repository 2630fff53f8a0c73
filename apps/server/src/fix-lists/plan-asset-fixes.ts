import { riskScore, riskWeight } from '@vedette/matching';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { holds, type KnownVerdict } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from '../risk/asset-contexts.ts';
import { toCheckRisk } from '../risk/fleet-risk.ts';
import { compareFixes, type PlannedFix } from './plan-fixes.ts';
import { smallestUpgrades } from './smallest-upgrades.ts';

interface OpenCheck {
  readonly held: readonly { readonly id: number; readonly verdict: KnownVerdict }[];
  readonly severity: number;
  readonly weight: number;
}

export interface AssetPlan {
  readonly fixes: readonly PlannedFix[];
  readonly detectionsNow: number;
  readonly detectionsAfter: number;
  readonly weightNow: number;
  readonly weightAfter: number;
}

/** The smallest set of upgrades of an asset, by its dense number, and what goes with it. */
export function planAssetFixes(index: OrganizationIndex, contexts: AssetContexts, asset: number): AssetPlan {
  const open = openChecks(index, contexts, asset);
  const { upgrades, rest } = smallestUpgrades(open, { heldBy: ({ held }) => held, upgradeOf: ({ verdict }) => verdict.upgrade });
  const fixes = upgrades.flatMap(({ key, versions, held, found }): PlannedFix[] => {
    const [{ verdict: { upgrade = null } = {} } = {}] = held;
    if (!upgrade) return [];
    const alone = [...found].filter((check) => check.held.every(({ verdict }) => verdict.upgrade?.key === key));
    const packageVersions = new Set([...held].map(({ id }) => id));
    const severity = Math.max(...[...found].map((check) => check.severity));
    const assets = alone.length > 0 ? 1 : 0;
    return [{ upgrade, versions, packageVersions, severity, detections: alone.length, assets, weight: sum(alone) }];
  });
  return {
    fixes: fixes.sort(compareFixes),
    detectionsNow: open.length,
    detectionsAfter: rest.length,
    weightNow: sum(open),
    weightAfter: sum(rest),
  };
}

function sum(checks: readonly OpenCheck[]): number {
  return checks.reduce((weight, check) => weight + check.weight, 0);
}

function openChecks(index: OrganizationIndex, contexts: AssetContexts, asset: number): OpenCheck[] {
  const held = [...index.packages.idsOf(asset)].flatMap((id) =>
    index.book.verdictsOn(id).flatMap((verdict) => (holds(verdict) ? [{ id, verdict }] : [])),
  );
  const open: OpenCheck[] = [];
  for (const [place, own] of Map.groupBy(held, ({ verdict }) => verdict.place)) {
    const check = index.book.checks[place];
    if (!check || index.excepted.byPlace.get(place)?.has(asset)) continue;
    const isSure = own.some(({ verdict }) => verdict.confirmed);
    const weight = riskWeight(riskScore(toCheckRisk(check), isSure, contexts.of(asset)));
    open.push({ held: own, severity: isSure ? check.severity : 1, weight });
  }
  return open;
}
