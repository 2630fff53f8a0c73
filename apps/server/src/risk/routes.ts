import { riskFormula } from '@vedette/matching';
import { getRisk, getRiskChanges, RiskCause, type Severity } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { prepareExceptedThen } from '../exceptions/excepted-then.ts';
import { nothingExcepted } from '../fleet-index/excepted.ts';
import { ApiError } from '../http/api-error.ts';
import { serve } from '../http/serve.ts';
import { prepareAssets } from '../query/asset-query.ts';
import { prepareContexts, usualContexts } from './asset-contexts.ts';
import { fleetRisk, riskOfFleet } from './fleet-risk.ts';
import { type Change, readOldChecks, riskChanges } from './risk-changes.ts';

const bands = [0, 100, 250, 500, 750] as const;
const listLength = 10;

/** Risk of the fleet now, and what moved it. */
export function registerRiskRoutes(app: FastifyInstance, context: Context): void {
  const { db, fleetIndex, clock, config } = context;

  serve(app, context, getRisk, async ({ caller: { organizationId } }) => {
    const scope = { organizationId, asOf: clock(), silence: config.silence };
    const prepared = await prepareContexts(db, scope, { prepareAssets });
    const index = await fleetIndex.current(organizationId);
    const { risk, risks } = fleetRisk(index, prepared?.(index) ?? usualContexts);
    const counts = bands.map(() => 0);
    for (const one of risks) {
      const band = bands.findLastIndex((from) => one >= from);
      counts[band] = (counts[band] ?? 0) + 1;
    }
    const worst = [...risks.keys()].sort((a, b) => (risks[b] ?? 0) - (risks[a] ?? 0) || a - b).slice(0, listLength);
    return {
      formula: riskFormula.version,
      risk,
      bands: bands.map((from, band) => ({ from, assets: counts[band] ?? 0 })),
      worst: worst.flatMap((asset) => {
        const { assetId, hostname } = index.table.assets[asset] ?? {};
        return assetId === undefined || hostname === undefined ? [] : [{ assetId, hostname, risk: risks[asset] ?? 0 }];
      }),
    };
  });

  serve(app, context, getRiskChanges, async ({ query, caller: { organizationId } }) => {
    const [moment, now] = [new Date(query.since), clock()];
    const scope = { organizationId, asOf: now, silence: config.silence };
    const contextsNow = await prepareContexts(db, scope, { prepareAssets });
    const contextsThen = await prepareContexts(db, scope, { prepareAssets, moment });
    const excepted = await prepareExceptedThen(db, { ...scope, moment }, prepareAssets);
    const checks = await readOldChecks(db, moment);
    const index = await fleetIndex.current(organizationId);
    if (moment.getTime() < index.since || moment > now) {
      const since = new Date(index.since).toISOString().slice(0, 10);
      throw new ApiError('BAD_REQUEST', `query.since: what moved the risk is known since ${since}`);
    }
    const found = riskChanges(index, contextsNow?.(index) ?? usualContexts, {
      moment: moment.getTime(),
      contexts: contextsThen?.(index) ?? usualContexts,
      excepted: excepted?.(index) ?? nothingExcepted,
      checks,
    });
    const whole = Math.max(found.before, found.now);
    const share = (weight: number): number => (whole === 0 ? 0 : weight / whole);
    return {
      before: riskOfFleet(found.before, found.assetsThen),
      now: riskOfFleet(found.now, index.table.assets.length),
      causes: RiskCause.options.flatMap((cause) => {
        const own = found.changes.filter((change) => change.cause === cause);
        if (own.length === 0) return [];
        return [{ cause, share: share(sum(own)), detections: own.reduce((count, { detections }) => count + detections, 0) }];
      }),
      checks: found.changes
        .toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight) || b.ranked.check.number - a.ranked.check.number)
        .slice(0, listLength)
        .map(({ ranked: { check, severity }, cause, weight, detections }) => ({
          check: check.number,
          name: check.name,
          severity: severity as Severity, // as knowledge_check has it
          cause,
          share: share(weight),
          detections,
        })),
    };
  });
}

function sum(changes: readonly Change[]): number {
  return changes.reduce((weight, change) => weight + change.weight, 0);
}
