import type { Exposure } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainRisk } from './explain-risk.ts';
import { type AssetContext, type CheckRisk, combinedRisk, riskScore, riskWeight, usualContext } from './risk-formula.ts';

const exposures: readonly Exposure[] = ['isolated', 'internal', 'internet'];
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const check: fc.Arbitrary<CheckRisk> = fc.record({
  severity: fc.integer({ min: 1, max: 5 }),
  cvss: fc.option(fc.integer({ min: 0, max: 100 }).map((tenths) => tenths / 10)),
  epss: fc.option(unit),
  exploited: fc.boolean(),
});
const context: fc.Arbitrary<AssetContext> = fc.record({
  criticality: fc.integer({ min: 1, max: 5 }),
  exposure: fc.constantFrom(...exposures),
});

const plain: CheckRisk = { severity: 3, cvss: 5, epss: 0.01, exploited: false };

describe('the risk of a detection', () => {
  it.each<[string, CheckRisk, boolean, AssetContext, number]>([
    [
      'the worst there can be',
      { severity: 5, cvss: 10, epss: 1, exploited: true },
      true,
      { criticality: 5, exposure: 'internet' },
      1000,
    ],
    ['exploited, on a usual asset', { severity: 5, cvss: 9.8, epss: 0.97, exploited: true }, true, usualContext, 485],
    ['critical by its score alone', { severity: 5, cvss: 9.8, epss: 0.0004, exploited: false }, true, usualContext, 104],
    ['the usual flaw', plain, true, usualContext, 66],
    ['the same on an isolated test machine', plain, true, { criticality: 1, exposure: 'isolated' }, 22],
    ['the same, of a kernel that does not run', plain, false, usualContext, 7],
    [
      'a setting, for which nobody estimates anything',
      { severity: 4, cvss: null, epss: null, exploited: false },
      true,
      usualContext,
      110,
    ],
  ])('of %s', (_what, one, confirmed, where, score) => {
    expect(riskScore(one, confirmed, where)).toBe(score);
  });

  it('is a whole number from 0 to 1000, whatever is known', () => {
    fc.assert(
      fc.property(check, fc.boolean(), context, (one, confirmed, where) => {
        const score = riskScore(one, confirmed, where);
        expect(Number.isInteger(score) && score >= 0 && score <= 1000).toBe(true);
      }),
    );
  });

  it('never falls when one thing becomes worse', () => {
    const worse: ((pair: { one: CheckRisk; confirmed: boolean; where: AssetContext }) => typeof pair)[] = [
      (all) => ({ ...all, one: { ...all.one, severity: Math.min(5, all.one.severity + 1) } }),
      (all) => ({ ...all, one: { ...all.one, cvss: all.one.cvss === null ? null : Math.min(10, all.one.cvss + 0.1) } }),
      (all) => ({ ...all, one: { ...all.one, epss: all.one.epss === null ? null : Math.min(1, all.one.epss + 0.001) } }),
      (all) => ({ ...all, one: { ...all.one, exploited: true } }),
      (all) => ({ ...all, confirmed: true }),
      (all) => ({ ...all, where: { ...all.where, criticality: Math.min(5, all.where.criticality + 1) } }),
      (all) => ({
        ...all,
        where: { ...all.where, exposure: exposures[Math.min(2, exposures.indexOf(all.where.exposure) + 1)] ?? 'internet' },
      }),
    ];
    fc.assert(
      fc.property(check, fc.boolean(), context, fc.constantFrom(...worse), (one, confirmed, where, change) => {
        const after = change({ one, confirmed, where });
        expect(riskScore(after.one, after.confirmed, after.where)).toBeGreaterThanOrEqual(riskScore(one, confirmed, where));
      }),
      { numRuns: 1000 },
    );
  });

  it('is the product of the factors by which it is explained, but for their rounding', () => {
    fc.assert(
      fc.property(check, fc.boolean(), context, (one, confirmed, where) => {
        const product = explainRisk(one, confirmed, where).reduce((value, factor) => value * factor.value, 1000);
        expect(Math.abs(product - riskScore(one, confirmed, where))).toBeLessThan(1.2);
      }),
    );
  });
});

describe('the risk of an asset', () => {
  const riskOf = (scores: readonly number[]): number => combinedRisk(scores.reduce((sum, score) => sum + riskWeight(score), 0));
  const scores = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 50 });

  it.each([
    [[], 0],
    [[485], 485],
    [[485, 485], 577],
    [Array.from({ length: 500 }, () => 50), 236],
    [[485, ...Array.from({ length: 500 }, () => 50)], 492],
    [[1000, 1000], 1000],
  ])('with detections of %j', (list, risk) => expect(riskOf(list)).toBe(risk));

  it('is at least its worst and at most 1000, and never falls when something is added', () => {
    fc.assert(
      fc.property(scores, fc.integer({ min: 0, max: 1000 }), (list, more) => {
        const risk = riskOf(list);
        expect(risk).toBeGreaterThanOrEqual(Math.max(0, ...list));
        expect(risk).toBeLessThanOrEqual(1000);
        expect(riskOf([...list, more])).toBeGreaterThanOrEqual(risk);
      }),
    );
  });
});
