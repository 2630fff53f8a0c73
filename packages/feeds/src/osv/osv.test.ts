import { sharedArchive } from '@vedette/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedFacts } from '../feed.ts';
import { matchesSource } from '../registry.ts';
import { ecosystemOf } from './ecosystem.ts';
import { osv } from './index.ts';

const feedOf = (name: string) => {
  const feed = osv.find((one) => one.name === name);
  if (!feed) throw new Error(`no feed ${name}`);
  return feed;
};
const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (name: string, ...records: object[]): FeedFacts =>
  feedOf(name).parse(
    records.map((record, at) => ({ name: `${at}.json`, bytes: bytes(JSON.stringify(record)) })),
    { minimumRecords: 0 },
  );

type Events = { introduced?: string; fixed?: string; last_affected?: string; limit?: string }[];
const record = (events: Events, more: object = {}, entry: object = {}) => ({
  id: 'GHSA-aaaa-bbbb-cccc',
  modified: '2025-02-03T00:00:00Z',
  published: '2025-01-02T03:04:05Z',
  aliases: ['CVE-2025-0001'],
  affected: [{ package: { ecosystem: 'npm', name: 'left' }, ranges: [{ type: 'SEMVER', events }], ...entry }],
  ...more,
});
const statements = (facts: FeedFacts) => facts.advisories.flatMap((advisory) => advisory.affected);

describe('the events of a range', () => {
  const cases: [Events, object[]][] = [
    [[{ introduced: '0' }, { fixed: '1.2' }], [{ status: 'fixed', introduced: null, fixed: '1.2' }]],
    [[{ introduced: '1.0' }], [{ status: 'affected', introduced: '1.0', fixed: null }]],
    [
      [{ introduced: '0' }, { last_affected: '1.2' }],
      [{ status: 'affected', introduced: null, fixed: null, lastAffected: '1.2' }],
    ],
    [
      [{ introduced: '0' }, { fixed: '1.2' }, { introduced: '2.0' }, { fixed: '2.3' }, { introduced: '3.0' }],
      [
        { status: 'fixed', introduced: null, fixed: '1.2' },
        { status: 'fixed', introduced: '2.0', fixed: '2.3' },
        { status: 'affected', introduced: '3.0', fixed: null },
      ],
    ],
    [[{ introduced: '0' }, { introduced: '1.0' }, { fixed: '1.2' }], [{ status: 'fixed', introduced: null, fixed: '1.2' }]],
    [[{ introduced: '0' }, { limit: '2.0' }], [{ status: 'affected', introduced: null, fixed: null, limit: '2.0' }]],
    [[{ introduced: '0' }, { limit: '*' }], [{ status: 'affected', introduced: null, fixed: null }]],
    // The end before the beginning: a set of events, put in order.
    [[{ fixed: '1.2.0' }, { introduced: '0' }], [{ status: 'fixed', introduced: null, fixed: '1.2.0' }]],
    [
      [{ introduced: '2.0.0' }, { fixed: '1.2.0' }, { fixed: '2.3.0' }, { introduced: '1.0.0' }],
      [
        { status: 'fixed', introduced: '1.0.0', fixed: '1.2.0' },
        { status: 'fixed', introduced: '2.0.0', fixed: '2.3.0' },
      ],
    ],
    [
      [{ introduced: '1.0.0' }, { fixed: '2.0.0' }, { introduced: '2.0.0' }, { fixed: '3.0.0' }],
      [
        { status: 'fixed', introduced: '1.0.0', fixed: '2.0.0' },
        { status: 'fixed', introduced: '2.0.0', fixed: '3.0.0' },
      ],
    ],
    // Pairs that overlap stay pairs.
    [
      [{ introduced: '14.0.0' }, { fixed: '14.14.1' }, { introduced: '14.14.0' }, { fixed: '14.20.0' }],
      [
        { status: 'fixed', introduced: '14.0.0', fixed: '14.14.1' },
        { status: 'fixed', introduced: '14.14.0', fixed: '14.20.0' },
      ],
    ],
  ];
  it.each(cases)('%j', (events, expected) => {
    const about = { ecosystem: 'npm', release: '', package: 'left' };
    expect(statements(parse('osv-npm', record(events)))).toEqual(expected.map((bounds) => ({ ...about, ...bounds })));
  });

  it('that speak of commits are left out, and counted', () => {
    const facts = parse('osv-npm', record([], {}, { ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] }));
    expect(facts).toMatchObject({ advisories: [], records: 1 });
    expect(facts.leftOut).toEqual(new Map([['commits only', 1]]));
  });

  it.each([
    ['<= 1.6.1', { lastAffected: '1.6.1' }],
    ['< 1.6.1', { limit: '1.6.1' }],
    ['>= 1, < 2', {}],
  ])('have the end GitHub writes beside them: %s', (range, end) => {
    const entry = { database_specific: { last_known_affected_version_range: range } };
    const [statement] = statements(parse('osv-npm', record([{ introduced: '0' }], {}, entry)));
    expect(statement).toEqual({
      ecosystem: 'npm',
      release: '',
      package: 'left',
      status: 'affected',
      introduced: null,
      fixed: null,
      ...end,
    });
  });

  it('give way to the true ranges of a Go module whose tags are no module versions', () => {
    const custom = [{ type: 'ECOSYSTEM', events: [{ introduced: '2.0' }, { fixed: '2.9' }] }];
    const go = (events: Events) =>
      statements(
        parse(
          'osv-go',
          record(events, {}, { package: { ecosystem: 'Go', name: 'x/y' }, ecosystem_specific: { custom_ranges: custom } }),
        ),
      ).map(({ introduced, fixed }) => [introduced, fixed]);
    expect(go([{ introduced: '0' }])).toEqual([['2.0', '2.9']]);
    expect(go([{ introduced: '0' }, { fixed: '1.1' }])).toEqual([
      [null, '1.1'],
      ['2.0', '2.9'],
    ]);
  });
});

describe('a record', () => {
  const events = [{ introduced: '0' }, { fixed: '1' }];

  it('lists versions as a statement of their own', () => {
    expect(statements(parse('osv-npm', record(events, {}, { versions: ['0.1', 'x'] })))).toMatchObject([
      { status: 'fixed' },
      { status: 'affected', fixed: null, versions: ['0.1', 'x'] },
    ]);
  });

  it('of a registry is one vulnerability: aliases are names of it, related ones are not', () => {
    const facts = parse('osv-npm', record(events, { aliases: ['CVE-2025-0001', 'PYSEC-1-1'], related: ['CVE-2025-0002'] }));
    expect(facts.advisories).toMatchObject([
      { vulnerabilities: ['CVE-2025-0001'], aliases: ['PYSEC-1-1'], published: '2025-01-02' },
    ]);
  });

  it('of a distribution is a bundle of all CVEs it relates to, rated by its title', () => {
    const entry = { package: { ecosystem: 'AlmaLinux:9', name: 'nginx' } };
    const more = {
      id: 'ALSA-2025:1',
      aliases: [],
      related: ['CVE-2025-0001', 'CVE-2025-0002'],
      summary: 'Important: nginx security update',
    };
    const [advisory] = parse('osv-almalinux', record(events, more, entry)).advisories;
    expect(advisory).toMatchObject({ vulnerabilities: ['CVE-2025-0001', 'CVE-2025-0002'], rating: 4 });
    expect(advisory).not.toHaveProperty('aliases');
  });

  it('of a bug fix without CVE makes no advisory', () => {
    const entry = { package: { ecosystem: 'AlmaLinux:9', name: 'nginx' } };
    const facts = parse('osv-almalinux', record(events, { id: 'ALBA-2025:1', aliases: [] }, entry));
    expect(facts.advisories).toEqual([]);
    expect(facts.leftOut).toEqual(new Map([['no vulnerability', 1]]));
  });

  it.each([
    ['Moderate: nodejs:18 security update', '1-1.module_el8.6.0+1+a', 'nodejs:18'],
    ['Low: virt:rhel and virt-devel:rhel update', '1-1.module_el8.6.0+1+a', undefined],
    ['Moderate: edk2:20220126gitbb1bba3d77 security update', '1-1.el8', undefined],
  ])('titled %j, fixed in %s, is of the module %s', (summary, fixed, module) => {
    const entry = {
      package: { ecosystem: 'AlmaLinux:8', name: 'x' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }],
    };
    expect(statements(parse('osv-almalinux', record([], { id: 'ALSA-2025:1', summary }, entry)))[0]?.module).toBe(module);
  });

  it('scores its one vulnerability, computing what the vector means', () => {
    const severity = [
      { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' },
      { type: 'CVSS_V4', score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N' },
      { type: 'CVSS_V3', score: 'CVSS:3.1/AV:Q' },
    ];
    expect(parse('osv-npm', record(events, { severity })).vulnerabilities).toMatchObject([
      {
        id: 'CVE-2025-0001',
        cvss: [
          { version: '3.1', score: 9.8, source: 'ghsa' },
          { version: '4.0', score: 9.3 },
        ],
      },
    ]);
    expect(parse('osv-npm', record(events, { severity, aliases: [] })).vulnerabilities).toMatchObject([
      { id: 'GHSA-aaaa-bbbb-cccc' },
    ]);
  });

  it('taken back keeps the day', () => {
    expect(parse('osv-npm', record(events, { withdrawn: '2025-03-01T00:00:00Z' })).advisories[0]?.withdrawn).toBe('2025-03-01');
  });

  it.each([
    ['PyPI', 'Flask_.Login', 'flask-login'],
    ['NuGet', 'System.Text', 'system.text'],
    ['npm', '@Scope/Name', '@Scope/Name'],
  ])('of %s names %s as %s', (ecosystem, name, expected) => {
    expect(statements(parse('osv-npm', record(events, {}, { package: { ecosystem, name } })))[0]?.package).toBe(expected);
  });

  it('of an unknown ecosystem is left out with its name', () => {
    const facts = parse('osv-npm', record(events, {}, { package: { ecosystem: 'OSS-Fuzz', name: 'x' } }));
    expect(facts.leftOut).toEqual(new Map([['ecosystem or release OSS-Fuzz', 1]]));
  });

  it('of an erratum for two releases adds up, and the later record of one release stands', () => {
    const one = (release: string, fixed: string) =>
      record(
        [{ introduced: '0' }, { fixed }],
        { id: 'ALSA-2025:1' },
        { package: { ecosystem: `AlmaLinux:${release}`, name: 'x' } },
      );
    const facts = parse('osv-almalinux', one('8', '1'), one('9', '2'), one('8', '3'));
    expect(statements(facts).map(({ release, fixed }) => [release, fixed])).toEqual([
      ['9', '2'],
      ['8', '3'],
    ]);
  });

  it('of releases not asked for is not kept; one of a registry always is', () => {
    const files = (entry: object) => [{ name: 'a.json', bytes: bytes(JSON.stringify(record(events, {}, entry))) }];
    const options = { minimumRecords: 0, releases: new Set(['9']) };
    const alma = feedOf('osv-almalinux').parse(files({ package: { ecosystem: 'AlmaLinux:8', name: 'x' } }), options);
    expect(alma).toMatchObject({ advisories: [], records: 1 });
    expect(feedOf('osv-npm').parse(files({}), options).advisories).toHaveLength(1);
  });

  it('in YAML says the same as in JSON, versions staying texts', () => {
    const yaml = `id: PYSEC-2025-1\nmodified: '2025-02-03T00:00:00Z'\naliases:\n- CVE-2025-0001\naffected:\n- package:\n    name: x\n    ecosystem: PyPI\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: 1.10\n  versions:\n  - 1.0\n`;
    const read = (text: string) =>
      feedOf('osv-pypi').parse([{ name: 'PYSEC-2025-1.yaml', bytes: bytes(text) }], { minimumRecords: 0 });
    expect(statements(read(yaml))).toMatchObject([{ fixed: '1.10' }, { versions: ['1.0'] }]);
    for (const damaged of [
      yaml.slice(0, -2),
      `a: &a [x]\nb: *a\n${yaml}`,
      `!!js/function x\n`,
      '- '.repeat(50_000) + '\n',
      '{'.repeat(50_000) + '\n',
    ]) {
      expect(() => read(damaged)).toThrow(expect.objectContaining({ name: 'FeedError' }));
    }
  });
});

describe('single bad files', () => {
  const good = { name: 'a.json', bytes: bytes(JSON.stringify(record([{ introduced: '0' }]))) };
  const bad = { name: 'b.json', bytes: bytes('{"id": 1}') };
  it('among good ones are problems, and too many are a refusal', () => {
    expect(feedOf('osv-npm').parse([good, bad], { minimumRecords: 0 }).problems).toMatchObject([{ file: 'b.json' }]);
    expect(() => feedOf('osv-npm').parse([good, bad, bad, bad, bad], { minimumRecords: 0 })).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_PROBLEMS' }),
    );
  });

  it('of any JSON content throw nothing else', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const facts = feedOf('osv-npm').parse([good, { name: 'b.json', bytes: bytes(text) }], { minimumRecords: 0 });
        expect(facts.records).toBe(1);
      }),
    );
  });
});

describe('ecosystemOf', () => {
  it.each([
    ['Debian:12', 'debian bookworm'],
    ['Ubuntu:22.04:LTS', 'ubuntu jammy'],
    ['Ubuntu:Pro:16.04:LTS', 'ubuntu xenial'],
    ['Alpine:v3.20', 'alpine 3.20'],
    ['AlmaLinux:9', 'almalinux 9'],
    ['Rocky Linux:8', 'rocky 8'],
    ['Red Hat:enterprise_linux:9::appstream', 'redhat 9'],
    ['Wolfi', 'wolfi '],
    ['crates.io', 'crates '],
    ['Debian:99', null],
    ['Red Hat:openshift:4.1', null],
    ['SUSE:Linux Enterprise Server 15 SP5', 'suse 15.5'],
    ['SUSE:Linux Enterprise Module for Basesystem 15 SP6', 'suse 15.6'],
    ['SUSE:Linux Enterprise Server 16.0', 'suse 16.0'],
    ['SUSE:Linux Enterprise Micro 5.5', null],
    ['openSUSE:Leap 15.6', 'opensuse 15.6'],
    ['openSUSE:Tumbleweed', 'opensuse tumbleweed'],
    ['Azure Linux:3', 'azurelinux 3.0'],
    ['Photon OS:5.0', 'photon 5.0'],
    ['Chainguard', 'chainguard '],
    ['Rocky Linux:9', 'rocky 9'],
    ['constructor', null],
    ['', null],
  ])('%s: %s', (text, expected) => {
    const place = ecosystemOf(text);
    expect(place && `${place.ecosystem} ${place.release}`).toBe(expected);
  });
});

describe('real databases', () => {
  const cases = [
    // 43 errata have a record for each of two releases.
    ['osv-almalinux', 'almalinux/osv-database-2026-08-21.tar.zst', 5680, 4440, { 'no vulnerability': 1197 }],
    ['osv-go', 'lang/golang-vulndb-2026-08-21.tar.zst', 4291, 4291, {}],
    ['osv-bitnami', 'lang/bitnami-vulndb-2026-08-05.tar.zst', 7444, 7444, {}],
    ['osv-pypi', 'lang/pypa-advisory-database-2024-10-10.tar.zst', 2661, 2660, { 'commits only': 1 }],
  ] as const;
  for (const [name, archive, records, advisories, leftOut] of cases) {
    const files = sharedArchive(archive);
    it.runIf(files)(
      `${name} is understood to the last record: ${records}${files ? '' : ' (skipped: no feed data)'}`,
      { timeout: 120_000 },
      async () => {
        const feed = feedOf(name);
        const ofFeed = ((await files?.()) ?? []).filter((file) => feed.files.some((source) => matchesSource(source, file.name)));
        const facts = feed.parse(ofFeed);
        expect(facts.problems).toEqual([]);
        expect(facts.records).toBe(records);
        expect(Object.fromEntries(facts.leftOut ?? [])).toEqual(leftOut);
        expect(facts.advisories).toHaveLength(advisories);
      },
    );
  }
});
