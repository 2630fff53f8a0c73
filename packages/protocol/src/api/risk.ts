import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { AssetId, CheckNumber, Instant } from '../ids.ts';
import { Severity } from '../knowledge/severity.ts';

/** 0 to 1000: docs/risk.md. */
export const RiskScore = z.int().min(0).max(1000);

export const RiskFactor = z.object({
  name: z.enum(['impact', 'threat', 'exposure', 'criticality', 'confidence']),
  value: z.number().min(0).max(1),
  because: z.string(),
});
export type RiskFactor = z.infer<typeof RiskFactor>;

export const getRisk = endpoint({
  name: 'getRisk',
  summary: 'Risk of the fleet, and of its worst assets.',
  method: 'GET',
  path: '/risk',
  permission: 'detection:read',
  reply: z.object({
    formula: z.int().meta({ description: 'Version of the formula: docs/risk.md' }),
    risk: RiskScore.meta({ description: 'Of the fleet: that of its average asset by weight' }),
    bands: z
      .array(z.object({ from: RiskScore, assets: z.int() }))
      .meta({ description: 'How many assets have a risk from this one up to the next' }),
    worst: z.array(z.object({ assetId: AssetId, hostname: z.string(), risk: RiskScore })),
  }),
});

export const RiskCause = z.enum(['found', 'gone', 'excepted', 'exception-over', 'knowledge', 'tags']);
export type RiskCause = z.infer<typeof RiskCause>;

const Moved = {
  cause: RiskCause,
  share: z.number().meta({ description: 'Of the weight of all risk then or now, whichever is more; below 0 where risk fell' }),
  detections: z.int().min(0),
};

export const getRiskChanges = endpoint({
  name: 'getRiskChanges',
  summary: 'What changed the risk of the fleet since a moment of the last weeks.',
  method: 'GET',
  path: '/risk/changes',
  permission: 'detection:read',
  query: z.object({ since: Instant }),
  reply: z.object({
    before: RiskScore,
    now: RiskScore,
    causes: z.array(z.object(Moved)),
    checks: z
      .array(z.object({ ...Moved, check: CheckNumber, name: z.string(), severity: Severity }))
      .meta({ description: 'That moved it most' }),
  }),
  errors: ['BAD_REQUEST'],
});
