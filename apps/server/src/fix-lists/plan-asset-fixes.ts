import { riskScore, riskWeight } from '@vedette/matching';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { holds, type KnownUpgrade, type KnownVerdict } from '../fleet-index/verdict-book.ts';
import type { AssetContexts } from '../risk/asset-contexts.ts';
import { toCheckRisk } from '../risk/fleet-risk.ts';
import { compareFixes, type PlannedFix } from './plan-fixes.ts';

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

/**
 * The smallest set of upgrades of an asset, by its dense number, that removes every detection that upgrades can remove: those all of whose
 * packages have a version without the flaw. A package is in it only where something goes with it, to no higher version than that needs.
 */
export function planAssetFixes(index: OrganizationIndex, contexts: AssetContexts, asset: number): AssetPlan {
  const open = openChecks(index, contexts, asset);
  const removable = open.filter(({ held }) => held.every(({ verdict }) => verdict.upgrade !== null));
  const drafts = new Map<string, { upgrade: KnownUpgrade; versions: Set<string>; ids: Set<number>; checks: Set<OpenCheck> }>();
  for (const check of removable) {
    for (const { id, verdict } of check.held) {
      if (!verdict.upgrade) continue;
      const { upgrade } = verdict;
      const draft = drafts.get(upgrade.key) ?? { upgrade, versions: new Set(), ids: new Set(), checks: new Set() };
      drafts.set(upgrade.key, draft);
      draft.versions.add(upgrade.fixed);
      draft.ids.add(id);
      draft.checks.add(check);
    }
  }
  const fixes = [...drafts.values()].map(({ upgrade, versions, ids, checks }): PlannedFix => {
    const alone = [...checks].filter(({ held }) => held.every(({ verdict }) => verdict.upgrade?.key === upgrade.key));
    return {
      upgrade,
      versions,
      packageVersions: ids,
      severity: Math.max(...[...checks].map(({ severity }) => severity)),
      detections: alone.length,
      assets: alone.length > 0 ? 1 : 0,
      weight: sum(alone),
    };
  });
  const gone = new Set(removable);
  return {
    fixes: fixes.sort(compareFixes),
    detectionsNow: open.length,
    detectionsAfter: open.length - gone.size,
    weightNow: sum(open),
    weightAfter: sum(open.filter((check) => !gone.has(check))),
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
