import type { CheckConfidence } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { highestConfidence, lowestConfidence } from './confidence.ts';
import { judge, type AffectedStatement } from './judge.ts';

const postgres = {
  ecosystem: 'almalinux',
  release: '8',
  name: 'postgresql',
  version: '12.1-1.module_el8.6.0+1+a',
  architecture: 'x86_64',
  source: 'postgresql',
  sourceVersion: '12.1-1.module_el8.6.0+1+a',
  role: 'installed',
} as const;
const erratum: AffectedStatement = {
  check: 260_000_001,
  ecosystem: 'almalinux',
  release: '8',
  package: 'postgresql',
  status: 'fixed',
  introduced: null,
  fixed: '12.2-1.module_el8.6.0+2+b',
  module: 'postgresql:12',
  advisory: 'ALSA-2024:1',
  feed: 'osv-almalinux',
  published: null,
};

describe('moduleConfidence: a verdict on a modular rpm', () => {
  const investigated = { status: 'affected', fixed: null, vendorState: 'undetermined' } as const;
  it.each<[module: string | null, statement: Partial<AffectedStatement>, expected: string]>([
    ['postgresql:12:8060:ab', {}, "confirmed: the vendor's advisory speaks of this source package"],
    [null, {}, 'potential: from which stream of the module the package comes is not known'],
    ['postgresql:12', { module: null }, 'potential: the advisory does not say for which stream of the module its fix is'],
    [null, { module: null }, 'potential: from which stream of the module the package comes is not known'],
    ['postgresql:12', investigated, 'potential: the vendor has not yet determined whether the package is affected'],
    [null, { vendorState: 'unimportant' }, 'information: the vendor calls it unimportant'],
  ])('of module %s, by %j, is %s', (module, statement, expected) => {
    const verdicts = judge({ ...postgres, module }, [{ ...erratum, ...statement }]);
    expect(verdicts.map(({ verdict, confidence, reason }) => [verdict, `${confidence}: ${reason}`])).toEqual([
      ['affected', expect.stringContaining(expected)],
    ]);
  });

  it('is confirmed for a package of no module', () => {
    const plain = { ...postgres, version: '12.1-1.el8', sourceVersion: '12.1-1.el8' };
    expect(judge(plain, [{ ...erratum, fixed: '12.2-1.el8', module: null }])).toMatchObject([{ confidence: 'confirmed' }]);
  });
});

describe('lowestConfidence and highestConfidence', () => {
  const words: readonly CheckConfidence[] = ['information', 'potential', 'confirmed'];
  it.each(words.flatMap((one) => words.map((other) => [one, other] as const)))('of %s and %s', (one, other) => {
    const [low, high] = [one, other].toSorted((a, b) => words.indexOf(a) - words.indexOf(b));
    const lowest = lowestConfidence({ confidence: one, reason: 'first' }, null, { confidence: other, reason: 'second' });
    expect(lowest).toEqual({ confidence: low, reason: low === one ? 'first' : 'second' });
    expect(highestConfidence([one, other])).toBe(high);
  });

  it('is information of nothing', () => expect(highestConfidence([])).toBe('information'));
});
