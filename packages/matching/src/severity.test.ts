import type { Cvss, Vulnerability } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { deriveSeverity, preferredCvss } from './severity.ts';

const cvss = (version: Cvss['version'], score: number, source: string): Cvss => ({ version, score, source, vector: '' });
const known = (facts: Partial<Vulnerability>): Vulnerability => ({
  id: 'CVE-2024-0001',
  published: null,
  cvss: [],
  cwe: [],
  kevSince: null,
  epss: null,
  ...facts,
});
const epss = (score: number) => ({ score, percentile: 0.5, date: '2026-01-30' });

describe('deriveSeverity', () => {
  const cases = [
    [
      known({ kevSince: '2024-06-13', cvss: [cvss('3.1', 5.5, 'nvd')] }),
      ['debian-dsa'],
      5,
      'listed by CISA as exploited since 2024-06-13',
    ],
    [known({ cvss: [cvss('3.1', 9.8, 'nvd')] }), ['debian-dsa'], 5, 'CVSS 3.1 base score 9.8 (nvd)'],
    [known({ cvss: [cvss('3.1', 9, 'nvd')] }), [], 5, 'CVSS 3.1 base score 9.0 (nvd)'],
    [known({ cvss: [cvss('3.1', 8.9, 'nvd')] }), [], 4, 'CVSS 3.1 base score 8.9 (nvd)'],
    [known({ cvss: [cvss('4.0', 7, 'cna')] }), [], 4, 'CVSS 4.0 base score 7.0 (cna)'],
    [known({ cvss: [cvss('2.0', 6.9, 'nvd')] }), [], 3, 'CVSS 2.0 base score 6.9 (nvd)'],
    [known({ cvss: [cvss('3.1', 4, 'nvd')] }), [], 3, 'CVSS 3.1 base score 4.0 (nvd)'],
    [known({ cvss: [cvss('3.1', 3.9, 'nvd')] }), [], 2, 'CVSS 3.1 base score 3.9 (nvd)'],
    [known({ cvss: [cvss('3.1', 0, 'nvd')] }), ['debian-dsa'], 1, 'CVSS 3.1 base score 0.0 (nvd)'],
    [
      known({ cvss: [cvss('3.1', 9.8, 'nvd'), cvss('4.0', 6.9, 'cna')], epss: epss(0.9) }),
      [],
      3,
      'CVSS 4.0 base score 6.9 (cna)',
    ],
    [known({ epss: epss(0.97313) }), ['debian-dsa'], 5, 'no CVSS score known; EPSS probability 0.973 on 2026-01-30'],
    [known({ epss: epss(0.1) }), ['debian-dsa'], 4, 'no CVSS score known; EPSS probability 0.1 on 2026-01-30'],
    [known({ epss: epss(0.099) }), ['debian-dsa'], 3, 'no score known; the vendor issued an advisory'],
    [known({ epss: epss(0.00043) }), ['debian-changelog'], 2, 'no score known; named in a changelog or tracker only'],
    [known({}), ['debian-changelog', 'debian-dla'], 3, 'no score known; the vendor issued an advisory'],
    [null, ['debian-dsa'], 3, 'no score known; the vendor issued an advisory'],
    [null, ['debian-changelog'], 2, 'no score known; named in a changelog or tracker only'],
  ] as const;
  const rows = cases.map(([vulnerability, feeds, severity, rule]) => ({ vulnerability, feeds, severity, rule }));
  it.each(rows)('$rule: $severity', ({ vulnerability, feeds, severity, rule }) => {
    expect(
      deriveSeverity(
        vulnerability,
        feeds.map((feed) => ({ id: 'X-1', feed })),
      ),
    ).toEqual({ severity, rule });
  });
});

describe('preferredCvss', () => {
  it('takes the newest version, then nvd before cna before cisa-adp before others, in any order of arrival', () => {
    const inOrder = [
      cvss('4.0', 1, 'cisa-adp'),
      cvss('3.1', 2, 'nvd'),
      cvss('3.1', 3, 'cna'),
      cvss('3.1', 4, 'cisa-adp'),
      cvss('3.1', 5, 'somebody'),
      cvss('3.0', 6, 'nvd'),
      cvss('2.0', 7, 'nvd'),
    ];
    for (let from = 0; from < inOrder.length; from += 1) {
      expect(preferredCvss(inOrder.slice(from).toReversed())).toBe(inOrder[from]);
    }
    expect(preferredCvss([])).toBeNull();
  });
});
