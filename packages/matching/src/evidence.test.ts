import { Evidence } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText } from './canonical-text.ts';
import { evidenceDifference, evidenceOf, evidenceTexts, judgeEvidence, replayEvidence } from './evidence.ts';
import type { InventoryElement } from './inventory-element.ts';
import { judge, type AffectedStatement, type Verdict } from './judge.ts';
import { dsa, openssl } from './testing/openssl-case.ts';

/** Rebuilt: a version of its own, beside that of its source. */
const libssl = { ...openssl, version: '3.0.11-1~deb12u2+b1' };
const changelog = { ...dsa, fixed: '3.0.16-1', advisory: 'debian-changelog:openssl:3.0.16-1', feed: 'debian-changelog' };

function verdictOf(element: InventoryElement, ...statements: AffectedStatement[]): Verdict {
  const [verdict] = judge(element, statements);
  if (!verdict) throw new Error('the case has no verdict');
  return verdict;
}

describe('canonicalText', () => {
  it.each([
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ '€': 1, '1': 2, ö: 3, '\r': 4 }, '{"\\r":4,"1":2,"ö":3,"€":1}'],
    [{ a: undefined, b: { d: 1e21, c: -0 } }, '{"b":{"c":0,"d":1e+21}}'],
    ['\u0000\ud800"', String.raw`"\u0000\ud800\""`],
  ])('of %j', (value, text) => {
    expect(canonicalText(value)).toBe(text);
  });

  it('is the same in whatever order the keys came', () => {
    const entries = fc.array(fc.tuple(fc.string(), fc.jsonValue()));
    fc.assert(
      fc.property(entries, (pairs) => {
        const distinct = [...new Map(pairs)];
        expect(canonicalText(Object.fromEntries(distinct))).toBe(canonicalText(Object.fromEntries(distinct.toReversed())));
      }),
    );
  });
});

describe('evidenceOf', () => {
  it('holds what was judged, all that was said of it, and what followed', () => {
    expect(evidenceOf(verdictOf(libssl, dsa, changelog))).toEqual({
      format: 1,
      check: 260_005_535,
      element: libssl,
      statements: [expect.objectContaining({ feed: 'debian-dsa' }), expect.objectContaining({ feed: 'debian-changelog' })],
      outcome: {
        verdict: 'affected',
        confidence: 'confirmed',
        decidedBy: 0,
        package: 'openssl',
        version: '3.0.11-1~deb12u2',
        operator: '<',
        bound: '3.0.15-1~deb12u1',
      },
    });
  });

  it('is the same for any order and repetition of the statements, and whatever a store adds to them', () => {
    const first = evidenceTexts(verdictOf(libssl, dsa, changelog));
    const stored = {
      ...dsa,
      id: 7,
      validFrom: 3,
      validUntil: null,
      lastAffected: null,
      limit: null,
      versions: null,
      module: null,
    };
    expect(evidenceTexts(verdictOf(libssl, changelog, stored, { ...changelog }, dsa))).toEqual(first);
  });

  it('has a text that is the canonical one of the record, which fits its schema', () => {
    const verdict = verdictOf({ ...libssl, role: 'dormant', module: null }, dsa, changelog);
    const { record, statements } = evidenceTexts(verdict);
    expect(record).toBe(canonicalText(evidenceOf(verdict)));
    expect(record.endsWith(`"statements":${statements}}`)).toBe(true);
    expect(canonicalText(Evidence.parse(JSON.parse(record)))).toBe(record);
  });
});

describe('replayEvidence', () => {
  const kernel = {
    ...libssl,
    name: 'linux-image-6.1.0-28-amd64',
    source: 'linux',
    version: '6.1.119-1',
    sourceVersion: '6.1.119-1',
  };
  const linux = { ...dsa, package: 'linux', fixed: '6.1.128-1' };
  const npm = { ...libssl, ecosystem: 'npm', release: '', name: 'lodash', source: 'lodash', version: '4.17.20' } as const;
  const listed = { ...dsa, ecosystem: 'npm', release: '', package: 'lodash', status: 'affected', fixed: null } as const;
  const cases: [string, InventoryElement, AffectedStatement[]][] = [
    ['an affected package', libssl, [dsa]],
    ['a fixed package', { ...libssl, sourceVersion: '3.0.15-1~deb12u1' }, [dsa, changelog]],
    ['the running kernel', { ...kernel, role: 'running' }, [linux]],
    ['a dormant kernel', { ...kernel, role: 'dormant' }, [linux]],
    ["a package of the kernel's sources", { ...kernel, name: 'linux-libc-dev' }, [linux]],
    ['one that is not affected whatever its version', libssl, [{ ...dsa, status: 'not-affected', fixed: null }]],
    ['a listed version', npm, [{ ...listed, versions: ['4.17.19', '4.17.20'] }]],
    ['the last affected version', npm, [{ ...listed, lastAffected: '4.17.20' }]],
    ['a limit', npm, [{ ...listed, limit: '4.17.21' }, dsa]],
    [
      'a module',
      { ...libssl, ecosystem: 'almalinux', release: '8', name: 'openssl', module: 'x:1:2:3' },
      [{ ...dsa, ecosystem: 'almalinux', release: '8', module: 'x:1' }],
    ],
  ];

  it.each(cases)('gives the same bytes for %s', (_what, element, statements) => {
    const { record } = evidenceTexts(verdictOf(element, ...statements));
    expect(replayEvidence(record)).toEqual({ same: true, text: record });
  });

  const { record } = evidenceTexts(verdictOf(libssl, dsa, changelog));
  it.each([
    ['the fixed version', '"fixed":"3.0.15-1~deb12u1"', '"fixed":"3.0.10-1"'],
    ['the installed version', '"sourceVersion":"3.0.11-1~deb12u2"', '"sourceVersion":"3.0.19-1"'],
    ['the source', '"source":"openssl"', '"source":"linux"'],
    ['the release', '"release":"bookworm","role"', '"release":"trixie","role"'],
    ['the outcome', '"verdict":"affected"', '"verdict":"not-affected"'],
    ['the confidence', '"confidence":"confirmed"', '"confidence":"information"'],
    ['the deciding statement', '"decidedBy":0', '"decidedBy":1'],
    ['the format', '"format":1', '"format":2'],
    ['a blank', '"format":1', '"format": 1'],
    ['a field that no record has', '"format":1', '"format":1,"note":"x"'],
  ])('notices that %s was changed', (_what, before, after) => {
    expect(record).toContain(before);
    expect(replayEvidence(record.replace(before, after)).same).toBe(false);
  });

  it('cannot notice a change that fits together: that is what the hash is for', () => {
    const consistent = record.replaceAll('"architecture":"amd64"', '"architecture":"arm64"');
    expect(replayEvidence(consistent)).toEqual({ same: true, text: consistent });
  });

  it('never takes anything but a record for one', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => !replayEvidence(text).same));
    expect(replayEvidence('')).toEqual({ same: false, text: null });
  });
});

describe('evidenceDifference', () => {
  const stored = evidenceOf(verdictOf(libssl, dsa));
  it.each([
    ['the same', stored, 'none'],
    [
      'another bound',
      evidenceOf(verdictOf(libssl, { ...dsa, fixed: '3.0.16-1' })),
      'outcome.bound: "3.0.15-1~deb12u1" → "3.0.16-1"',
    ],
    ['one statement more', evidenceOf(verdictOf(libssl, dsa, changelog)), 'statements.1: null → {'],
    ['nothing', null, ': {"check":260005535,'],
  ])('names the first difference to %s', (_what, replayed, expected) => {
    expect((evidenceDifference(stored, replayed) ?? 'none').slice(0, expected.length)).toBe(expected);
  });
});

describe('judgeEvidence', () => {
  it('gives the verdict again, with all that explains it', () => {
    const verdict = verdictOf(libssl, dsa, changelog);
    expect(judgeEvidence(evidenceOf(verdict))).toMatchObject({ verdict: 'affected', statement: { advisory: 'DSA-5764-1' } });
  });

  it('gives none where no statement is about the element', () => {
    expect(judgeEvidence({ check: 1, element: libssl, statements: [] })).toBeNull();
  });
});
