import type { Check, CheckAffected } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { checkChanges, statementSummary, type CheckForm } from './check-changes.ts';
import { dsaStatement } from './testing/openssl-case.ts';

const statement = { ...dsaStatement, fixed: '3.0.15-1' };
const check: Check = {
  number: 260_005_535,
  name: 'CVE-2024-5535',
  aliases: ['DSA-5764-1'],
  severity: 3,
  severityRule: 'no score known; the vendor issued an advisory',
  confidence: 'confirmed',
  published: '2024-06-27',
  cvss: [],
  cwe: [],
  kevSince: null,
  epss: { score: 0.02, percentile: 0.5, date: '2026-11-01' },
  patchable: true,
  affected: [statement],
};

function changesFrom(...forms: (Check | null)[]) {
  const numbered = forms.map((form, index): CheckForm => ({
    knowledgeVersion: index + 1,
    at: `2026-11-0${index + 1}`,
    check: form,
  }));
  return checkChanges(numbered).map(({ knowledgeVersion, what, subject, from, to }) => [
    knowledgeVersion,
    what,
    subject,
    from,
    to,
  ]);
}

const subject = 'debian bookworm openssl, DSA-5764-1 (debian-dsa)';
const cvss: Check['cvss'][number] = { version: '3.1', vector: 'CVSS:3.1/AV:N', score: 9.1, source: 'nvd' };

describe('checkChanges', () => {
  it('begins with the first sight, and names a withdrawal and a return; newest first', () => {
    expect(changesFrom(check, null, check)).toEqual([
      [3, 'returned', null, null, 'CVE-2024-5535'],
      [2, 'withdrawn', null, 'CVE-2024-5535', null],
      [1, 'first-seen', null, null, 'CVE-2024-5535'],
    ]);
  });

  it.each<[string, Partial<Check>, unknown[][]]>([
    ['nothing', { modified: '2026-11-02' }, []],
    [
      'the severity',
      { severity: 5, severityRule: 'x' },
      [['severity', null, '3 medium (no score known; the vendor issued an advisory)', '5 critical (x)']],
    ],
    ['KEV', { kevSince: '2026-11-02' }, [['known-exploited', null, null, 'since 2026-11-02']]],
    ['CVSS', { cvss: [cvss] }, [['cvss', null, null, '3.1 9.1 (nvd)']]],
    ['a small EPSS step', { epss: { score: 0.025, percentile: 0.5, date: '2026-11-02' } }, []],
    ['a large EPSS step', { epss: { score: 0.4, percentile: 0.9, date: '2026-11-02' } }, [['epss', null, '0.02', '0.4']]],
    ['the first EPSS', { epss: null }, [['epss', null, '0.02', null]]],
    ['weaknesses', { cwe: ['CWE-2', 'CWE-1'] }, [['weaknesses', null, null, 'CWE-1, CWE-2']]],
    [
      'SSVC',
      { ssvc: { exploitation: 'active', automatable: true, technicalImpact: 'total', date: '2026-11-01' } },
      [['ssvc', null, null, 'exploitation active, automatable yes, impact total']],
    ],
    ['confidence', { confidence: 'information' }, [['confidence', null, 'confirmed', 'information']]],
    ['aliases', { aliases: [] }, [['aliases', null, 'DSA-5764-1', null]]],
    ['the fix', { patchable: false }, [['patchable', null, 'yes', 'no']]],
    ['the day', { published: null }, [['published', null, '2024-06-27', null]]],
    [
      'a fixed version',
      { affected: [{ ...statement, fixed: '3.0.16-1' }] },
      [['statement-changed', subject, 'fixed in 3.0.15-1', 'fixed in 3.0.16-1']],
    ],
    [
      'a second stretch',
      { affected: [statement, { ...statement, introduced: '3.1', fixed: '3.1.4' }] },
      [['statement-changed', subject, 'fixed in 3.0.15-1', 'fixed in 3.0.15-1; from 3.1, fixed in 3.1.4']],
    ],
    [
      'another advisory',
      { affected: [{ ...statement, advisory: 'DSA-5764-2' }] },
      [
        ['statement-withdrawn', subject, 'fixed in 3.0.15-1', null],
        ['statement-added', 'debian bookworm openssl, DSA-5764-2 (debian-dsa)', null, 'fixed in 3.0.15-1'],
      ],
    ],
  ])('tells what changed: %s', (_what, change, expected) => {
    const changes = changesFrom(check, { ...check, ...change });
    expect(changes.filter(([version]) => version === 2).map(([, ...rest]) => rest)).toEqual(expected.toReversed());
  });
});

describe('statementSummary', () => {
  it.each<[Partial<CheckAffected>, string]>([
    [{}, 'fixed in 3.0.15-1'],
    [{ status: 'not-affected', fixed: null }, 'not affected'],
    [{ introduced: '1.0', status: 'affected', fixed: null, vendorState: 'no-dsa' }, 'from 1.0, affected, no fix yet, no-dsa'],
    [{ status: 'affected', fixed: null, lastAffected: '2.0' }, 'up to 2.0, affected, no fix yet'],
    [{ fixed: null, patches: ['KB1', 'KB2'] }, 'fixed by KB1 or KB2'],
    [{ limit: '2.0' }, 'below 2.0, fixed in 3.0.15-1'],
    [{ status: 'affected', fixed: null, versions: ['1', '2'] }, '2 listed versions, affected, no fix yet'],
  ])('of %j', (change, text) => {
    expect(statementSummary({ ...statement, ...change })).toBe(text);
  });
});
