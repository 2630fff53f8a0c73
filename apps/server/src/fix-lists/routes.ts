import { combinedRisk, isKernelSource } from '@vedette/matching';
import { type FixAction, getAssetFixes, listFixes, type Severity } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../context.ts';
import type { Database } from '../db/schema.ts';
import type { Excepted } from '../fleet-index/excepted.ts';
import type { OrganizationIndex } from '../fleet-index/organization-index.ts';
import { whatRemains } from '../fleet-index/what-remains.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { type AssetContexts, prepareContexts, usualContexts } from '../risk/asset-contexts.ts';
import { riskOfFleet, weightOn } from '../risk/fleet-risk.ts';
import { planAssetFixes } from './plan-asset-fixes.ts';
import { planFleetFixes, type PlannedFix } from './plan-fixes.ts';
import { highestVersion } from './smallest-upgrades.ts';
import { restartAfter, upgradeCommand } from './upgrade-command.ts';

/** Installed packages named of one upgrade in a list over the fleet. */
const maxPackages = 50;
const Cursor = z.tuple([z.union([z.number(), z.string().max(400)]), z.string().max(400)]);
/** Where a fix stands in a list: by what it is sorted, then by its key. */
type Place = z.infer<typeof Cursor>;
type Sort = (typeof listFixes)['query']['_output']['sort'];

/** Fix lists: of the fleet, and of one asset. */
export function registerFixLists(app: FastifyInstance, context: Context): void {
  const { db, fleetIndex, clock, config } = context;

  async function look(organizationId: string, moment?: string): Promise<{ index: OrganizationIndex; contexts: AssetContexts }> {
    const now = clock();
    const past = moment === undefined || new Date(moment) >= now ? null : new Date(moment);
    const scope = { organizationId, asOf: now, silence: config.silence };
    const prepared = await prepareContexts(db, scope, { prepareAssets, moment: past ?? undefined });
    const index = await fleetIndex.at(organizationId, past);
    return { index, contexts: prepared?.(index.present) ?? usualContexts };
  }

  serve(app, context, listFixes, async ({ query, caller: { organizationId } }) => {
    const { limit, after, search, sort, direction, asOf } = query;
    const behind = after === undefined ? null : readCursor(after);
    const { index, contexts } = await look(organizationId, asOf);
    const turn = direction === 'descending' ? -1 : 1;
    const all = found(fleetPlan(index, contexts), search).toSorted(
      (a, b) => turn * comparePlaces(placeOf(a, sort), placeOf(b, sort)),
    );
    const rest = behind ? all.filter((fix) => turn * comparePlaces(placeOf(fix, sort), behind) > 0) : all;
    const page = rest.slice(0, limit);
    const { now, after: left } = whatRemains(
      index,
      { checks: new Set(), upgrades: new Set(page.map(({ upgrade }) => upgrade.key)) },
      (found, assets) => weightOn(contexts, found, assets),
    );
    const count = fleetSize(index);
    const last = rest.length > limit ? page.at(-1) : undefined;
    return {
      total: all.length,
      items: await toActions(db, page, now.weight),
      together: {
        riskNow: riskOfFleet(now.weight, count),
        riskAfter: riskOfFleet(left.weight, count),
        detectionsNow: total(now.open),
        detectionsAfter: total(left.open),
        share: shareOf(now.weight - left.weight, now.weight),
      },
      next: last ? writeCursor(placeOf(last, sort)) : null,
    };
  });

  serve(app, context, getAssetFixes, async ({ params: { assetId }, query: { asOf }, caller: { organizationId } }) => {
    const { index, contexts } = await look(organizationId, asOf);
    const asset = index.table.assets.findIndex((one) => one.assetId === assetId);
    if (asset < 0) throw new ApiError('NOT_FOUND', `There is no asset ${assetId}.`);
    const { fixes, weightNow, weightAfter, ...counts } = planAssetFixes(index, contexts, asset);
    const items = await toActions(db, fixes, weightNow);
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

function placeOf({ upgrade, ...fix }: PlannedFix, sort: Sort): Place {
  if (sort === 'source') return [upgrade.source, upgrade.key];
  return [-fix[sort === 'share' ? 'weight' : sort], upgrade.key];
}

function comparePlaces([a, one]: Place, [b, other]: Place): number {
  if (a !== b) return a < b ? -1 : 1;
  return one < other ? -1 : Number(one > other);
}

function writeCursor(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function readCursor(text: string): Place {
  const problem = new ApiError('BAD_REQUEST', 'query.after: this is no cursor of a list of fixes');
  try {
    const place = Cursor.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    if (!place.success) throw problem;
    return place.data;
  } catch {
    throw problem;
  }
}

async function toActions(db: Kysely<Database>, fixes: readonly PlannedFix[], weight: number): Promise<FixAction[]> {
  const ids = fixes.flatMap(({ packageVersions }) => [...packageVersions]);
  const { rows } = await sql<Pick<Selectable<Database['packageVersion']>, 'id' | 'name' | 'role'>>`
    select id, name, role from package_version where id = any(${ids}::integer[])`.execute(db);
  const versions = new Map(rows.map((row) => [row.id, row]));
  return fixes.map((fix) => {
    const { ecosystem, release, source } = fix.upgrade;
    const installed = [...fix.packageVersions].flatMap((id) => versions.get(id) ?? []);
    const packages = [...new Set(installed.map(({ name }) => name))].toSorted().slice(0, maxPackages);
    const isKernel = isKernelSource(source) || installed.some(({ role }) => role !== 'installed');
    return {
      ecosystem,
      release,
      source,
      fixed: highestVersion(fix.versions, ecosystem),
      packages,
      restart: restartAfter(isKernel, packages),
      severity: fix.severity as Severity, // as knowledge_check has it
      detections: fix.detections,
      assets: fix.assets,
      share: shareOf(fix.weight, weight),
      command: upgradeCommand(ecosystem, packages),
    };
  });
}
