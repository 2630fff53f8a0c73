import type { Advisory, Affected, CheckAffected } from '@vedette/protocol';
import { checkNumber, firstRegisteredCheckNumber } from '@vedette/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advisorySubject } from './advisory-subject.ts';
import { buildChecks } from './build-checks.ts';
import { explain } from './explain.ts';
import type { InventoryElement } from './inventory-element.ts';
import { judge, type AffectedStatement } from './judge.ts';
import { judgeStatement } from './judge-statement.ts';
import { isOfModule, withoutRebuilds } from './module.ts';
import { indexStatements } from './statement-index.ts';
import { compareInOrder } from './version-order.ts';

const element = (more: Partial<InventoryElement>): InventoryElement => ({
  ecosystem: 'npm',
  release: '',
  name: 'left',
  version: '1.0.0',
  architecture: '',
  source: 'left',
  sourceVersion: '1.0.0',
  role: 'installed',
  ...more,
});
const affected = (more: Partial<Affected> = {}): Affected => ({
  ecosystem: 'npm',
  release: '',
  package: 'left',
  status: 'affected',
  introduced: null,
  fixed: null,
  ...more,
});
const statement = (more: Partial<AffectedStatement> = {}): AffectedStatement => ({
  ...affected(),
  check: 1,
  advisory: 'GHSA-aaaa-bbbb-cccc',
  feed: 'osv-npm',
  published: null,
  ...more,
});

describe('judgeStatement', () => {
  const cases: [string, Partial<Affected>, string | null][] = [
    ['1.0.0', {}, 'affected'],
    ['0.9.9', { introduced: '1.0.0' }, 'not-affected'],
    ['1.0.0', { introduced: '1.0.0' }, 'affected'],
    ['1.2.0', { lastAffected: '1.2.0' }, 'affected'],
    ['1.2.1', { lastAffected: '1.2.0' }, 'not-affected'],
    ['1.9.9', { limit: '2.0.0' }, 'affected'],
    ['2.0.0', { limit: '2.0.0' }, 'not-affected'],
    ['1.0.0', { status: 'fixed', fixed: '1.0.1' }, 'affected'],
    ['1.0.1', { status: 'fixed', fixed: '1.0.1' }, 'not-affected'],
    ['1.0.1-rc.1', { status: 'fixed', fixed: '1.0.1' }, 'affected'],
    ['1.0.0', { versions: ['0.9.0', '1.0.0'] }, 'affected'],
    ['1.1.0', { versions: ['0.9.0', '1.0.0'] }, 'not-affected'],
    ['not a version', { versions: ['not a version'] }, 'affected'],
    ['not a version', { introduced: '1.0.0' }, null],
    ['1.0.0', { introduced: 'not a version' }, null],
  ];
  it.each(cases)('%s against %j: %s', (version, more, verdict) => {
    expect(judgeStatement(version, affected(more))?.verdict ?? null).toBe(verdict);
  });
});

describe('judge', () => {
  it('adds up the stretches of an advisory, and says the fix of the one that applies', () => {
    const stretches = [
      statement({ status: 'fixed', fixed: '1.5.0' }),
      statement({ status: 'fixed', introduced: '2.0.0', fixed: '2.3.0' }),
      statement({ introduced: '3.0.0' }),
    ];
    const verdictOf = (version: string) =>
      judge(element({ version }), stretches).map((one) => [one.verdict, one.statement.fixed]);
    expect(['1.4.9', '1.5.0', '2.0.0', '2.3.0', '3.1.0'].map((version) => verdictOf(version)[0])).toEqual([
      ['affected', '1.5.0'],
      ['not-affected', '2.3.0'],
      ['affected', '2.3.0'],
      ['not-affected', '2.3.0'],
      ['affected', null],
    ]);
  });

  it('is affected exactly when a stretch holds the version, for any stretches', () => {
    const version = fc.tuple(fc.nat(3), fc.nat(3)).map(([major, minor]) => `${major}.${minor}.0`);
    fc.assert(
      fc.property(fc.array(fc.tuple(version, version), { minLength: 1, maxLength: 5 }), version, (stretches, installed) => {
        const compare = (a: string, b: string) => compareInOrder('npm', a, b) ?? 0;
        const inside = stretches.some(([from, to]) => compare(installed, from) >= 0 && compare(installed, to) < 0);
        const statements = stretches.map(([introduced, fixed]) => statement({ status: 'fixed', introduced, fixed }));
        expect(judge(element({ version: installed }), statements)[0]?.verdict).toBe(inside ? 'affected' : 'not-affected');
      }),
    );
  });

  it('names a known fix before none in a registry, where several databases watch one package', () => {
    const both = [
      statement({ advisory: 'PYSEC-1-1' }),
      statement({ status: 'fixed', fixed: '2.0.0' }),
      statement({ versions: ['1.0.0'] }),
    ];
    expect(judge(element({}), both)[0]?.statement.fixed).toBe('2.0.0');
  });

  it("lets a vendor's tracker decide alone", () => {
    const about = { ecosystem: 'ubuntu', release: 'jammy', package: 'jq' } as const;
    const jq = element({ ...about, name: 'jq', version: '1.6-2', source: 'jq', sourceVersion: '1.6-2' });
    const notice = statement({ ...about, status: 'fixed', fixed: '1.6-3', feed: 'osv-ubuntu', advisory: 'USN-1-1' });
    const tracker = statement({ ...about, status: 'fixed', fixed: '1.6-2', feed: 'ubuntu-cve-tracker', advisory: 'x' });
    expect(judge(jq, [notice])[0]?.verdict).toBe('affected');
    expect(judge(jq, [notice, tracker])[0]?.verdict).toBe('not-affected');
  });

  it.each([
    ['unimportant', 'information'],
    ['undetermined', 'potential'],
    ['no-dsa', 'confirmed'],
    ['end-of-life', 'confirmed'],
    [undefined, 'confirmed'],
  ] as const)('gives a statement marked %s the confidence %s', (vendorState, confidence) => {
    expect(judge(element({}), [statement({ vendorState })])[0]?.confidence).toBe(confidence);
  });

  it("says nothing of a language package that the distribution's package brought", () => {
    expect(judge(element({ ownedBy: 'node-left' }), [statement()])).toEqual([]);
  });

  it('takes a statement without release for all releases of its distribution', () => {
    const wolfi = element({ ecosystem: 'wolfi', release: '20230201', version: '1.0-r0', sourceVersion: '1.0-r0' });
    expect(judge(wolfi, [statement({ ecosystem: 'wolfi', status: 'fixed', fixed: '1.1-r0' })])).toHaveLength(1);
  });
});

describe('advisorySubject', () => {
  const built = { release: 'x', name: 'libssl3', version: '3.0.8-r1', source: 'openssl', sourceVersion: '3.0.8-r0' };
  it.each([
    ['debian', 'openssl 3.0.8-r0'],
    ['ubuntu', 'openssl 3.0.8-r0'],
    ['alpine', 'openssl 3.0.8-r0'],
    ['almalinux', 'libssl3 3.0.8-r1'],
    ['suse', 'libssl3 3.0.8-r1'],
    ['npm', 'libssl3 3.0.8-r1'],
  ] as const)('of %s is %s', (ecosystem, expected) => {
    const { package: name, version } = advisorySubject({ ecosystem, ...built });
    expect(`${name} ${version}`).toBe(expected);
  });

  it.each([
    ['pypi', 'Foo__Bar.baz', 'foo-bar-baz'],
    ['nuget', 'Newtonsoft.Json', 'newtonsoft.json'],
    ['packagist', 'Symfony/HTTP-Kernel', 'symfony/http-kernel'],
    ['go', 'github.com/Masterminds/vcs', 'github.com/Masterminds/vcs'],
  ] as const)('of %s compares names as the registry does: %s is %s', (ecosystem, name, expected) => {
    expect(advisorySubject({ ecosystem, ...built, name }).package).toBe(expected);
  });
});

describe('modules', () => {
  const modular = '1:18.1-1.module_el8.7.0+1+a';
  it.each([
    ['nodejs:18', modular, 'nodejs:18', modular, true],
    ['nodejs:18:8070020230:abc', modular, 'nodejs:18', modular, true],
    ['nodejs:18', modular, 'nodejs:20', modular, false],
    [null, modular, 'nodejs:18', modular, true],
    ['nodejs:18', modular, null, modular, true],
    [null, '1:18.1-1.el8', 'nodejs:18', modular, false],
    [null, '1:18.1-1.el8', null, '1:18.2-1.el8', true],
    [null, modular, null, '1:18.2-1.el8', false],
  ] as const)('package of %s %s, statement of %s fixed in %s: %s', (...[module, version, ofStatement, fixed, expected]) => {
    expect(isOfModule({ module, version }, { module: ofStatement, fixed })).toBe(expected);
  });

  it('take the lowest of the builds of one version that an erratum lists', () => {
    const about = { ecosystem: 'almalinux', release: '8', package: 'crit', status: 'fixed', advisory: 'ALSA-2023:6938' } as const;
    const builds = ['3.15-3.module_el8.6.0+3137+d33c3efb', '3.15-3.module_el8.6.0+2877+8e437bf5', '3.16-1.module_el8.6.0+1+a'];
    const listed: CheckAffected[] = builds.map((fixed) => statement({ ...about, fixed }));
    expect(withoutRebuilds(listed).map(({ fixed }) => fixed)).toEqual([builds[1], builds[2]]);
    expect(withoutRebuilds(listed.map((one) => ({ ...one, introduced: '1' })))).toHaveLength(3);
  });
});

describe('buildChecks', () => {
  const advisory = (id: string, vulnerabilities: string[], aliases: string[] | null, more: Partial<Advisory> = {}): Advisory => ({
    id,
    feed: 'osv-npm',
    published: null,
    vulnerabilities,
    ...(aliases ? { aliases } : {}),
    affected: [affected()],
    ...more,
  });
  const namesOf = (...advisories: Advisory[]) => {
    let next = firstRegisteredCheckNumber;
    const numberOf = (name: string) => checkNumber(name) ?? next++;
    const { checks } = buildChecks({ advisories, vulnerabilities: [], origins: [] }, numberOf);
    return checks.map(({ name, aliases }) => [name, ...aliases].join(' '));
  };

  it.each([
    [
      'a CVE',
      [advisory('GHSA-a', ['CVE-2025-0001'], []), advisory('GO-1', ['CVE-2025-0001'], ['GHSA-a'])],
      ['CVE-2025-0001 GHSA-a GO-1'],
    ],
    [
      'the CVE that another record of it knows',
      [advisory('GHSA-a', ['CVE-2025-0001'], []), advisory('PYSEC-1', [], ['GHSA-a'])],
      ['CVE-2025-0001 GHSA-a PYSEC-1'],
    ],
    [
      'the preferred name without a CVE',
      [advisory('RUSTSEC-1', [], ['GHSA-a']), advisory('XSA-1', [], ['RUSTSEC-1'])],
      ['GHSA-a RUSTSEC-1 XSA-1'],
    ],
    [
      'each of the CVEs of a bundle',
      [advisory('ALSA-1', ['CVE-2025-0001', 'CVE-2025-0002'], null)],
      ['CVE-2025-0001 ALSA-1', 'CVE-2025-0002 ALSA-1'],
    ],
    ['nothing once it is withdrawn', [advisory('GHSA-a', ['CVE-2025-0001'], [], { withdrawn: '2025-01-01' })], []],
  ])('names a check by %s', (_, advisories, expected) => {
    expect(namesOf(...advisories)).toEqual(expected);
    expect(namesOf(...advisories.toReversed())).toEqual(expected);
  });

  it('rates by the words of an authority where there is no score', () => {
    const { checks } = buildChecks({
      advisories: [advisory('GHSA-a', ['CVE-2025-0001'], [], { rating: 4 })],
      vulnerabilities: [],
      origins: [],
    });
    expect(checks).toMatchObject([{ severity: 4, severityRule: 'no CVSS score known; rated high by GHSA-a' }]);
  });

  it('is information where the vendor calls all of it unimportant', () => {
    const unimportant = advisory('GHSA-a', ['CVE-2025-0001'], [], { affected: [affected({ vendorState: 'unimportant' })] });
    expect(buildChecks({ advisories: [unimportant], vulnerabilities: [], origins: [] }).checks[0]?.confidence).toBe(
      'information',
    );
  });
});

describe('indexStatements', () => {
  const many = (ecosystem: 'npm' | 'conan' | 'maven', count: number) =>
    Array.from({ length: count }, () => statement({ ecosystem }));
  const index = indexStatements([
    { number: 7, affected: [...many('npm', 200), ...many('conan', 200), ...many('maven', 199)] },
    { number: 8, affected: [statement({ ecosystem: 'debian', release: 'bookworm' })] },
  ]);
  it('finds the statements about an element', () => {
    expect(index.statementsFor(element({}))[0]).toMatchObject({ check: 7, ecosystem: 'npm' });
    expect(index.statementsFor(element({ name: 'constructor' }))).toEqual([]);
  });

  it.each([
    [element({}), null],
    [element({ ecosystem: 'pypi' }), 'no-knowledge'],
    [element({ ecosystem: 'maven' }), 'no-knowledge'],
    [element({ ecosystem: 'debian', release: 'bookworm' }), null],
    [element({ ecosystem: 'debian', release: 'trixie' }), 'no-knowledge'],
    [element({ ecosystem: 'conan' }), 'no-version-order'],
    [element({ version: 'latest' }), 'no-version'],
  ] as const)('says why it cannot assess: %#', (subject, reason) => expect(index.unassessed(subject)).toBe(reason));
});

describe('explain', () => {
  it.each([
    [
      { status: 'fixed', fixed: '1.0.1' },
      'left 1.0.0 is older than 1.0.1, the first fixed version according to GHSA-aaaa-bbbb-cccc.',
    ],
    [{ lastAffected: '1.0.0' }, 'left 1.0.0 is 1.0.0, the last affected version according to GHSA-aaaa-bbbb-cccc.'],
    [{ versions: ['1.0.0'] }, 'left 1.0.0 is among the affected versions according to GHSA-aaaa-bbbb-cccc.'],
    [{}, 'left 1.0.0 is affected, and there is no fix yet according to GHSA-aaaa-bbbb-cccc.'],
    [{ lastAffected: '0.9.0' }, 'left 1.0.0 is newer than 0.9.0, the last affected version according to GHSA-aaaa-bbbb-cccc.'],
  ] as const)('%j', (more, sentence) => {
    const [verdict] = judge(element({}), [statement(more as Partial<AffectedStatement>)]);
    expect(verdict && explain(verdict).sentence).toBe(sentence);
  });
});
