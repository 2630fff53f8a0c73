import { combinedRisk, isKernelSource } from '@vedette/matching';
import { type FixAction, getAssetFixes, listFixes, type Severity } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import type { PackageNames } from '../fleet-index/package-names.ts';
import { comparePlaces } from '../fleet-index/page-in-order.ts';
import { whatRemains } from '../fleet-index/what-remains.ts';
import { ApiError } from '../http/api-error.ts';
import { type Place, readPlace, writePlace } from '../http/list-cursor.ts';
import { serve } from '../http/serve.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { type AssetContexts, prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { riskOfFleet, weigherOn } from '../risk/fleet-risk.ts';
import { planAssetFixes } from './plan-asset-fixes.ts';
import { planFleetFixes, type PlannedFix } from './plan-fixes.ts';
import { highestVersion } from './smallest-upgrades.ts';
import { restartAfter, upgradeCommand } from './upgrade-command.ts';

/** Installed packages named of one upgrade in a list over the fleet. */
const maxPackages = 50;
type Sort = (typeof listFixes)['query']['_output']['sort'];

/** Fix lists: of the fleet, and of one asset. */
export function registerFixLists(app: FastifyInstance, context: Context): void {
  const { db, fleetIndex, clock, config } = context;
  const { names } = fleetIndex;

  async function look(organizationId: string, moment?: string): Promise<{ index: OrganizationIndex; contexts: AssetContexts }> {
    const now = clock();
    const past = moment === undefined || new Date(moment) >= now ? null : new Date(moment);
    const scope = { organizationId, asOf: now, silence: config.silence };
    const prepared = await prepareContexts(db, scope, { prepareAssets, moment: past ?? undefined });
    const index = await fleetIndex.at(organizationId, past);
    return { index, contexts: prepared?.(index.present) ?? usualContexts };
  }

  async function toActions(fixes: readonly PlannedFix[], weight: number): Promise<FixAction[]> {
    await names.load(
      db,
      fixes.flatMap(({ packageVersions }) => [...packageVersions]),
    );
    return fixes.map((fix) => {
      const { ecosystem, release, source } = fix.upgrade;
      const { packages, restart } = installedOf(fix, names);
      return {
        ecosystem,
        release,
        source,
        fixed: highestVersion(fix.versions, ecosystem),
        packages,
        restart,
        severity: fix.severity as Severity, // as knowledge_check has it
        detections: fix.detections,
        assets: fix.assets,
        share: shareOf(fix.weight, weight),
        command: upgradeCommand(ecosystem, packages),
      };
    });
  }

  serve(app, context, listFixes, async ({ query, caller: { organizationId } }) => {
    const { limit, after, search, sort, direction, asOf } = query;
    const order = `${sort} ${direction}`;
    const isOfText = sort === 'source' || sort === 'release';
    const behind = after === undefined ? null : readPlace(after, order, [isOfText ? 'text' : 'number', 'text']);
    if (sort === 'restart') await names.load(db, (await fleetIndex.current(organizationId)).book.packageVersions());
    const { index, contexts } = await look(organizationId, asOf);
    const turned = Array.from({ length: 2 }, () => direction === 'descending');
    const placed = found(fleetPlan(index, contexts), search).map((fix) => ({ fix, place: placeOf(fix, sort, names) }));
    const all = placed.toSorted((a, b) => comparePlaces(a.place, b.place, turned));
    const rest = behind ? all.filter(({ place }) => comparePlaces(place, behind, turned) > 0) : all;
    const page = rest.slice(0, limit);
    const { now, after: left } = whatRemains(
      index,
      { checks: new Set(), upgrades: new Set(page.map(({ fix }) => fix.upgrade.key)) },
      (assets) => weigherOn(contexts, assets),
    );
    const count = fleetSize(index);
    const last = rest.length > limit ? page.at(-1) : undefined;
    return {
      total: all.length,
      items: await toActions(
        page.map(({ fix }) => fix),
        now.weight,
      ),
      together: {
        riskNow: riskOfFleet(now.weight, count),
        riskAfter: riskOfFleet(left.weight, count),
        detectionsNow: total(now.open),
        detectionsAfter: total(left.open),
        share: shareOf(now.weight - left.weight, now.weight),
      },
      next: last ? writePlace(order, last.place) : null,
    };
  });

  serve(app, context, getAssetFixes, async ({ params: { assetId }, query: { asOf }, caller: { organizationId } }) => {
    const { index, contexts } = await look(organizationId, asOf);
    const asset = index.table.findId(assetId);
    if (asset === undefined) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    const { fixes, weightNow, weightAfter, ...counts } = planAssetFixes(index, contexts, asset);
    const items = await toActions(fixes, weightNow);
    const commands = [...Map.groupBy(items, ({ ecosystem }) => ecosystem)].flatMap(
      ([ecosystem, own]) =>
        upgradeCommand(
          ecosystem,
          own.flatMap(({ packages }) => packages),
        ) ?? [],
    );
    const share = shareOf(weightNow - weightAfter, weightNow);
    return {
      items,
      together: { riskNow: combinedRisk(weightNow), riskAfter: combinedRisk(weightAfter), share, ...counts },
      commands,
    };
  });
}

/** Of then those that were there. */
function fleetSize({ table, isPast, newest }: OrganizationIndex): number {
  if (!isPast) return table.assets.length;
  const born = table.bornBy(newest);
  const { size } = born;
  born.dispose();
  return size;
}

function total(open: readonly number[]): number {
  return open.reduce((sum, count) => sum + count, 0);
}

/** Sums of millions of weights do not cancel to the last bit. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}

interface Kept {
  readonly revision: number;
  readonly until: number;
  readonly contexts: AssetContexts;
  readonly excepted: Excepted;
  readonly plan: PlannedFix[];
}

/** What took long to plan is believed for so many times as long, whatever comes and goes. */
const patienceFactor = 30;
const quickMs = 20;
const kept = new WeakMap<OrganizationIndex, Kept>();

function fleetPlan(index: OrganizationIndex, contexts: AssetContexts): PlannedFix[] {
  const begin = performance.now();
  const { revision, excepted } = index;
  const known = kept.get(index);
  const isSame = known?.contexts === contexts && known.excepted === excepted;
  if (known && isSame && (known.revision === revision || begin < known.until)) return known.plan;
  const plan = planFleetFixes(index, contexts);
  const took = performance.now() - begin;
  kept.set(index, { revision, until: took < quickMs ? 0 : begin + took * patienceFactor, contexts, excepted, plan });
  return plan;
}

function found(fixes: readonly PlannedFix[], search = ''): readonly PlannedFix[] {
  const text = search.trim().toLowerCase();
  return text === '' ? fixes : fixes.filter(({ upgrade }) => upgrade.key.toLowerCase().includes(text));
}

const restarts = ['machine', 'processes', 'none'] as const;

/** By what it is sorted, then its key. */
function placeOf({ upgrade, ...fix }: PlannedFix, sort: Sort, names: PackageNames): Place {
  const { key, source, ecosystem, release } = upgrade;
  if (sort === 'source') return [source, key];
  if (sort === 'release') return [`${ecosystem} ${release}`, key];
  if (sort === 'restart') return [restarts.indexOf(installedOf({ upgrade, ...fix }, names).restart), key];
  return [-fix[sort === 'share' ? 'weight' : sort], key];
}

function installedOf({ upgrade, packageVersions }: PlannedFix, names: PackageNames): Pick<FixAction, 'packages' | 'restart'> {
  const installed = Array.from(packageVersions, (id) => names.of(id)).filter(({ name }) => name !== '');
  const packages = [...new Set(installed.map(({ name }) => name))].toSorted().slice(0, maxPackages);
  const isKernel = isKernelSource(upgrade.source) || installed.some(({ role }) => role !== 'installed');
  return { packages, restart: restartAfter(isKernel, packages) };
}
