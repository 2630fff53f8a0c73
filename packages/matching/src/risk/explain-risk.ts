import type { RiskFactor } from '@vedette/protocol';
import {
  type AssetContext,
  type CheckRisk,
  criticalityFactor,
  exposureFactor,
  impactOf,
  riskFormula,
  threatOf,
} from './risk-formula.ts';

const severityNames = ['informational', 'low', 'medium', 'high', 'critical'];

/** What made a score: its factors in the order of the formula, each with the reason in words. Their product times 1000 is the score. */
export function explainRisk(check: CheckRisk, confirmed: boolean, context: AssetContext): RiskFactor[] {
  return [
    { name: 'impact', value: rounded(impactOf(check)), because: impactReason(check) },
    { name: 'threat', value: rounded(threatOf(check)), because: threatReason(check) },
    { name: 'exposure', value: exposureFactor(context.exposure), because: `the asset is ${exposureWords[context.exposure]}` },
    {
      name: 'criticality',
      value: criticalityFactor(context.criticality),
      because: `criticality ${context.criticality} of 5`,
    },
    {
      name: 'confidence',
      value: confirmed ? 1 : riskFormula.unconfirmed,
      because: confirmed ? 'the detection is confirmed' : 'the detection is only potential, or information',
    },
  ];
}

const exposureWords = {
  isolated: 'isolated',
  internal: 'reachable from inside, or its tags say nothing of it',
  internet: 'reachable from the internet',
};

function impactReason({ severity, cvss }: CheckRisk): string {
  const word = `severity ${severityNames[severity - 1] ?? severity}`;
  return cvss === null ? `${word}, no CVSS score` : `${word} and CVSS ${cvss.toFixed(1)}`;
}

function threatReason({ epss, exploited }: CheckRisk): string {
  if (exploited) return 'CISA lists it as exploited';
  return epss === null ? 'nobody estimates how likely exploitation is' : `EPSS ${rounded(epss * 100)} % within 30 days`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
