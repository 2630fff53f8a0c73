import type { Advisory, KnowledgeInput, Vulnerability } from '@vedette/protocol';
import { Check } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildChecks } from './build-checks.ts';

const advisory = (
  id: string,
  vulnerabilities: string[],
  fixes: [release: string, source: string, fixed: string][],
): Advisory => ({
  id,
  feed: id.startsWith('DLA') ? 'debian-dla' : id.startsWith('DSA') ? 'debian-dsa' : 'debian-changelog',
  published: '2024-01-02',
  vulnerabilities,
  affected: fixes.map(([release, source, fixed]) => ({
    ecosystem: 'debian',
    release,
    package: source,
    status: 'fixed',
    introduced: null,
    fixed,
  })),
});
const input = (advisories: Advisory[], vulnerabilities: Vulnerability[] = []): KnowledgeInput => ({
  advisories,
  vulnerabilities,
  origins: [],
});

const xorg = [
  advisory(
    'DSA-5576-1',
    ['CVE-2023-6377', 'CVE-2023-6478'],
    [
      ['bookworm', 'xorg-server', '2:21.1.7-3+deb12u3'],
      ['bullseye', 'xorg-server', '2:1.20.11-1+deb11u9'],
    ],
  ),
  advisory(
    'DSA-5576-2',
    ['CVE-2023-6377'],
    [
      ['bookworm', 'xorg-server', '2:21.1.7-3+deb12u4'],
      ['bullseye', 'xorg-server', '2:1.20.11-1+deb11u10'],
    ],
  ),
];

describe('buildChecks', () => {
  it('makes one check per CVE, with the statements of all advisories, the decisive one of each release first', () => {
    const { checks, skipped } = buildChecks(input(xorg));
    expect(skipped).toEqual([]);
    expect(checks.map(({ name, number, aliases }) => [name, number, aliases])).toEqual([
      ['CVE-2023-6377', 250_006_377, ['DSA-5576-1', 'DSA-5576-2']],
      ['CVE-2023-6478', 250_006_478, ['DSA-5576-1']],
    ]);
    expect(checks[0]?.affected.map(({ release, advisory: id, fixed }) => [release, id, fixed])).toEqual([
      ['bookworm', 'DSA-5576-2', '2:21.1.7-3+deb12u4'],
      ['bookworm', 'DSA-5576-1', '2:21.1.7-3+deb12u3'],
      ['bullseye', 'DSA-5576-2', '2:1.20.11-1+deb11u10'],
      ['bullseye', 'DSA-5576-1', '2:1.20.11-1+deb11u9'],
    ]);
  });

  it('names a check after the advisory where that names no CVE', () => {
    const { checks } = buildChecks(input([advisory('DSA-5000-2', [], [['bookworm', 'foo', '1']])]));
    expect(checks).toMatchObject([
      { name: 'DSA-5000-2', number: 1_050_002, aliases: [], severity: 3, patchable: true, published: '2024-01-02' },
    ]);
  });

  it('skips names without a number and says which', () => {
    const { checks, skipped } = buildChecks(
      input([advisory('debian-changelog:foo:1', [], []), advisory('DSA-1-1', ['CVE-2024-XXXX', 'CVE-2024-0001'], [])]),
    );
    expect(checks.map(({ name }) => name)).toEqual(['CVE-2024-0001']);
    expect(skipped).toEqual(['CVE-2024-XXXX', 'debian-changelog:foo:1']);
  });

  it('brings in what is known of the vulnerability', () => {
    const vulnerability: Vulnerability = {
      id: 'CVE-2023-6478',
      published: '2023-12-13',
      cvss: [{ version: '3.1', vector: 'CVSS:3.1/…', score: 7.6, source: 'nvd' }],
      cwe: ['CWE-190'],
      kevSince: null,
      epss: { score: 0.002, percentile: 0.6, date: '2026-01-30' },
    };
    const { checks } = buildChecks(input(xorg, [vulnerability]));
    expect(checks[1]).toMatchObject({
      published: vulnerability.published,
      cvss: vulnerability.cvss,
      cwe: vulnerability.cwe,
      epss: vulnerability.epss,
      severity: 4,
      severityRule: 'CVSS 3.1 base score 7.6 (nvd)',
      name: 'CVE-2023-6478',
    });
    expect(checks[0]).toMatchObject({ published: '2024-01-02', cvss: [], severity: 3 });
  });

  it('makes no check of a vulnerability that no advisory names', () => {
    const unnamed: Vulnerability = {
      id: 'CVE-2024-9999',
      published: null,
      cvss: [],
      cwe: [],
      kevSince: '2024-01-01',
      epss: null,
    };
    expect(buildChecks(input([], [unnamed]))).toEqual({ checks: [], skipped: [] });
  });

  it('is not patchable where no statement has a fix', () => {
    const open = advisory('DSA-1-1', ['CVE-2024-0001'], []);
    open.affected.push({
      ecosystem: 'debian',
      release: 'bookworm',
      package: 'foo',
      status: 'affected',
      introduced: null,
      fixed: null,
    });
    expect(buildChecks(input([open])).checks).toMatchObject([{ patchable: false }]);
  });

  it('keeps what is said twice once', () => {
    const twice = advisory(
      'DSA-1-1',
      ['CVE-2024-0001', 'CVE-2024-0001'],
      [
        ['bookworm', 'foo', '1'],
        ['bookworm', 'foo', '1'],
      ],
    );
    expect(buildChecks(input([twice, { ...twice }])).checks).toMatchObject([
      { aliases: ['DSA-1-1'], affected: [{ fixed: '1' }] },
    ]);
  });

  it('gives the same checks for any order of the input, and checks the protocol takes', () => {
    const advisories = [
      ...xorg,
      advisory(
        'DLA-9-1',
        ['CVE-2023-6377'],
        [
          ['buster', 'xorg-server', '1'],
          ['bookworm', 'xwayland', 'bad version'],
        ],
      ),
    ];
    const expected = buildChecks(input(advisories));
    for (const check of expected.checks) Check.parse(check);
    fc.assert(
      fc.property(fc.shuffledSubarray(advisories, { minLength: advisories.length }), (shuffled) => {
        expect(buildChecks(input(shuffled))).toEqual(expected);
      }),
    );
  });

  it('calls a check as sure as the surest of its statements', () => {
    const about = { ecosystem: 'debian', package: 'jq', introduced: null, fixed: null } as const;
    const tracked = (more: Advisory['affected']): Advisory => ({
      id: 'debian-tracker:CVE-2025-0001',
      feed: 'debian-tracker',
      published: null,
      vulnerabilities: ['CVE-2025-0001'],
      affected: [{ ...about, release: 'trixie', status: 'not-affected' }, ...more],
    });
    const confidence = (more: Advisory['affected']) => buildChecks(input([tracked(more)])).checks[0]?.confidence;
    expect(confidence([{ ...about, release: 'bookworm', status: 'affected', vendorState: 'unimportant' }])).toBe('information');
    const open = { ...about, release: 'bookworm', status: 'affected', vendorState: 'undetermined' } as const;
    expect(confidence([open])).toBe('potential');
    expect(confidence([open, { ...about, release: 'bullseye', status: 'affected' }])).toBe('confirmed');
  });
});
