import type { Exposure } from '@vedette/protocol';

/** What of a check its risk depends on. */
export interface CheckRisk {
  /** 1 informational to 5 critical. */
  readonly severity: number;
  /** The highest CVSS base score that anybody gives, 0 to 10; null where there is none. */
  readonly cvss: number | null;
  /** EPSS: probability of exploitation within 30 days, 0 to 1; null where nobody estimates it. */
  readonly epss: number | null;
  /** Listed by CISA as exploited. */
  readonly exploited: boolean;
}

/** What of an asset the risk of everything found on it depends on. */
export interface AssetContext {
  /** 1 to 5. */
  readonly criticality: number;
  readonly exposure: Exposure;
}

/** Of assets whose tags say nothing. */
export const usualContext: AssetContext = { criticality: 3, exposure: 'internal' };

/**
 * Version 1 of the formula: score = 1000 × impact × threat × exposure × criticality × confidence. Every factor is above 0 and at most 1,
 * so that a score is a share of the worst there can be. docs/risk.md gives the reasons. Another number or another rule is another
 * version.
 */
export const riskFormula = {
  version: 1,
  /** Impact by severity, 1 to 5 at 0 to 4. */
  severity: [0.1, 0.3, 0.5, 0.75, 1],
  /** Threat: known exploitation; what even the unlikeliest flaw has; what EPSS adds at most; where nobody estimates. */
  threat: { exploited: 1, least: 0.2, byEpss: 0.7, unknown: 0.3 },
  exposure: { isolated: 0.4, internal: 0.7, internet: 1 },
  /** 1 to 5 at 0 to 4. */
  criticality: [0.4, 0.55, 0.7, 0.85, 1],
  /** Of what is only potential or information about an asset. */
  unconfirmed: 0.1,
  /** Weight of a score in the sum over an asset or a fleet. */
  power: 4,
} as const;

/** 0 to 1. */
export function impactOf({ severity, cvss }: Pick<CheckRisk, 'severity' | 'cvss'>): number {
  const bySeverity = riskFormula.severity[severity - 1] ?? 1;
  return cvss === null ? bySeverity : (bySeverity + cvss / 10) / 2;
}

/** 0 to 1. The root, because a probability of 0.01 is ten times that of most flaws, and lost in a straight line. */
export function threatOf({ epss, exploited }: Pick<CheckRisk, 'epss' | 'exploited'>): number {
  const { exploited: known, least, byEpss, unknown } = riskFormula.threat;
  if (exploited) return known;
  return epss === null ? unknown : least + byEpss * Math.sqrt(epss);
}

export function exposureFactor(exposure: Exposure): number {
  return riskFormula.exposure[exposure];
}

export function criticalityFactor(criticality: number): number {
  return riskFormula.criticality[criticality - 1] ?? 1;
}

/** Risk of a check found on an asset, a whole number from 0 to 1000. `confirmed`: as more than potential or information. */
export function riskScore(check: CheckRisk, confirmed: boolean, { criticality, exposure }: AssetContext): number {
  const context = exposureFactor(exposure) * criticalityFactor(criticality);
  const share = impactOf(check) * threatOf(check) * context * (confirmed ? 1 : riskFormula.unconfirmed);
  return Math.floor(1000 * share + 0.5);
}

/** What a score adds to the sum of its asset: its fourth power, so that the worst counts and the many do not hide it. */
export function riskWeight(score: number): number {
  return score ** riskFormula.power;
}

/** Risk of an asset from the sum of the weights of what is found on it, or of a fleet from the mean over its assets; 0 to 1000. */
export function combinedRisk(weight: number): number {
  return Math.min(1000, Math.floor(weight ** (1 / riskFormula.power) + 0.5));
}
