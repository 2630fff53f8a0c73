import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedError } from './errors.ts';
import type { Feed, FeedFacts } from './feed.ts';
import { mergeKnowledge } from './merge-knowledge.ts';
import { feeds, matchesSource } from './registry.ts';
import { shrinkageProblem } from './shrinkage.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

const updateinfoSample = (id: string, release: string) =>
  `<?xml version="1.0"?><updates><update type="security"><id>${id}</id><release>${release}</release>
<references><reference id="CVE-2025-0001" type="cve"/></references><pkglist><collection>
<package name="jq" epoch="0" version="1.6" release="2" arch="x86_64"/></collection></pkglist></update></updates>`;

/** A valid small file of every feed: the tests below damage it. */
const samples: Readonly<Record<string, readonly [name: string, text: string]>> = {
  'debian-dsa': ['DSA.list', '[12 Feb 2025] DSA-1-1 jq - x\n\t{CVE-2025-0001}\n\t[bookworm] - jq 1.6-2\n'],
  'debian-dla': ['DLA.list', '[12 Feb 2025] DLA-1-1 jq - x\n\t{CVE-2025-0001}\n\t[bookworm] - jq 1.6-2\n'],
  'debian-changelog': ['changelog-fixes-bookworm.tsv', 'jq\t1.6-2.1+deb12u1\tCVE-2025-0001\n'],
  'debian-tracker': [
    'debian-tracker.json',
    '{"jq":{"CVE-2025-0001":{"releases":{"bookworm":{"status":"resolved","fixed_version":"1.6-2","urgency":"low"}}}}}',
  ],
  'ubuntu-cve-tracker': ['CVE-2025-0001', 'Candidate: CVE-2025-0001\njammy_jq: released (1.6-2)\n'],
  'alpine-secdb': [
    'main.json',
    '{"distroversion":"v3.20","packages":[{"pkg":{"name":"jq","secfixes":{"1.6-r1":["CVE-2025-0001"]}}}]}',
  ],
  wolfi: ['wolfi-security.json', '{"apkurl":"x","packages":[{"pkg":{"name":"jq","secfixes":{"1.6-r1":["CVE-2025-0001"]}}}]}'],
  chainguard: [
    'chainguard-security.json',
    '{"apkurl":"x","packages":[{"pkg":{"name":"jq","secfixes":{"1.6-r1":["CVE-2025-0001"]}}}]}',
  ],
  rocky: [
    'rocky-errata-1.json',
    '{"advisories":[{"name":"RLSA-2025:0001","cves":[{"name":"CVE-2025-0001"}],"rpms":{"Rocky Linux 9":{"nvras":["jq-0:1.6-2.el9.x86_64.rpm"]}}}]}',
  ],
  amazon: ['amazon-2-updateinfo.xml', updateinfoSample('ALAS2-2025-1', '')],
  fedora: ['fedora-43-updateinfo.xml', updateinfoSample('FEDORA-2025-1', 'Fedora 43')],
  rubysec: ['CVE-2025-0001.yml', 'gem: jq\ndate: 2025-01-02\ncve: 2025-0001\n'],
  rustsec: [
    'RUSTSEC-2025-0001.md',
    '```toml\n[advisory]\nid = "RUSTSEC-2025-0001"\npackage = "jq"\ndate = "2025-01-02"\naliases = ["CVE-2025-0001"]\n[versions]\npatched = []\n```\n',
  ],
  'nodejs-wg': [
    'nodejs-wg-1.json',
    '{"id":1,"module_name":"jq","publish_date":"2025-01-02","cves":["CVE-2025-0001"],"vulnerable_versions":"<1.6.0"}',
  ],
  retirejs: [
    'npmrepository.json',
    '{"jq":{"vulnerabilities":[{"below":"1.6.0","severity":"high","identifiers":{"CVE":["CVE-2025-0001"]}}]}}',
  ],
  'cve-5': [
    'CVE-2025-0001.json',
    JSON.stringify({
      dataType: 'CVE_RECORD',
      cveMetadata: { cveId: 'CVE-2025-0001', state: 'PUBLISHED', datePublished: '2025-01-02T03:04:05' },
      containers: {
        cna: {
          metrics: [{ cvssV4_0: { vectorString: 'CVSS:4.0/AV:N/AC:L', baseScore: 9.3 } }, { other: {} }],
          problemTypes: [{ descriptions: [{ cweId: 'CWE-79' }, {}] }],
        },
        adp: [
          {
            providerMetadata: { shortName: 'CISA-ADP' },
            metrics: [{ cvssV3_1: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', baseScore: 9.8 } }],
          },
        ],
      },
    }),
  ],
  nvd: [
    'nvdcve-1.1-2025.json.gz',
    JSON.stringify({
      CVE_data_format: 'MITRE',
      CVE_data_numberOfCVEs: '1',
      CVE_Items: [
        {
          cve: {
            CVE_data_meta: { ID: 'CVE-2025-0001' },
            problemtype: { problemtype_data: [{ description: [{ value: 'CWE-79' }, { value: 'NVD-CWE-noinfo' }] }] },
          },
          impact: { baseMetricV2: { cvssV2: { version: '2.0', vectorString: 'AV:N/AC:M/Au:N/C:P/I:N/A:N', baseScore: 4.3 } } },
          publishedDate: '2025-01-02T03:04Z',
        },
      ],
    }),
  ],
  epss: [
    'epss_scores-2026-01-30.csv.gz',
    '#model_version:v2025.03.14,score_date:2026-01-30T12:55:00Z\ncve,epss,percentile\nCVE-2025-0001,9e-05,0.78086\n',
  ],
  msrc: [
    'msrc-2025-Jan.json',
    JSON.stringify({
      DocumentTracking: { InitialReleaseDate: '2025-01-14T08:00:00' },
      ProductTree: { FullProductName: [{ ProductID: '11923', Value: 'Windows Server 2022' }] },
      Vulnerability: [
        {
          CVE: 'CVE-2025-0001',
          Remediations: [{ Type: 2, Description: { Value: '5034441' }, FixedBuild: '10.0.20348.2227', ProductID: ['11923'] }],
        },
      ],
    }),
  ],
  'end-of-life': ['endoflife-debian.json', '[{"cycle":"12","releaseDate":"2023-06-10","eol":"2026-06-10","lts":"2028-06-30"}]'],
  'cisa-kev': [
    'known_exploited_vulnerabilities.json',
    JSON.stringify({ count: 1, vulnerabilities: [{ cveID: 'CVE-2025-0001', dateAdded: '2025-02-03' }] }),
  ],
};

const osvSample = JSON.stringify({
  id: 'GHSA-2222-3333-4444',
  modified: '2025-01-02T03:04:05Z',
  aliases: ['CVE-2025-0001'],
  affected: [
    { package: { ecosystem: 'npm', name: 'jq' }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '1.6' }] }] },
  ],
});

const csafSample = (vendor: 'redhat' | 'suse') =>
  JSON.stringify({
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { namespace: `https://www.${vendor}.com` },
      tracking: { id: 'CVE-2025-0001', initial_release_date: '2025-01-02T03:04:05Z' },
    },
    product_tree: {
      branches: [
        { product: { name: 'SUSE Linux Enterprise Server 15 SP6', product_id: 'os', ...cpeHelper } },
        { product: { name: 'jq', product_id: 'jq' } },
      ],
      relationships: [
        { full_product_name: { product_id: 'os:jq' }, product_reference: 'jq', relates_to_product_reference: 'os' },
      ],
    },
    vulnerabilities: [{ cve: 'CVE-2025-0001', product_status: { known_affected: ['os:jq'] } }],
  });
const cpeHelper = { product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9::baseos' } };

/** Comments of all vendors at once: each finds its own. */
const ovalSample = `<?xml version="1.0"?><oval_definitions><definitions><definition id="oval:x:def:1" class="vulnerability">
<metadata><reference source="CVE" ref_id="CVE-2025-0001"/></metadata><criteria operator="AND"><criteria operator="OR">
<criterion comment="Red Hat Enterprise Linux 9 is installed" test_ref="r"/><criterion comment="Oracle Linux 9 is installed" test_ref="r"/>
<criterion comment="openSUSE Leap 15.6 is installed" test_ref="r"/>
<extend_definition comment="Ubuntu 22.04 LTS (jammy) is installed." definition_ref="r"/></criteria>
<criterion comment="jq package in jammy was vulnerable" test_ref="t"/></criteria></definition></definitions>
<tests><rpminfo_test id="t" check="at least one"><object object_ref="o"/><state state_ref="s"/></rpminfo_test></tests>
<objects><rpminfo_object id="o"><name>jq</name></rpminfo_object></objects>
<states><rpminfo_state id="s"><evr operation="less than">0:1.6-2</evr></rpminfo_state></states></oval_definitions>`;

function sampleOf(feed: Feed): readonly [name: string, text: string] {
  const csaf = /^(redhat|suse)-csaf/.exec(feed.name)?.[1] as 'redhat' | 'suse' | undefined; // what the pattern names
  if (feed.name.endsWith('-oval')) return [feed.files.at(-1)?.pattern.replace('*', 'jammy') ?? '', ovalSample];
  if (csaf) return [feed.files.at(-1)?.pattern.replace('*', '2025-0001') ?? '', csafSample(csaf)];
  if (feed.name.startsWith('osv-')) return [feed.files[0]?.pattern.replace('*', '1') ?? '', osvSample];
  return samples[feed.name] ?? ['', ''];
}

/** What the call throws, unless it is a FeedError. */
function unexpectedErrorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error instanceof FeedError ? null : error;
  }
  return null;
}

describe('the registry', () => {
  it('has every feed whose folder is there', () => {
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !['download', 'shared', 'starter'].includes(entry.name))
      .map((entry) => entry.name);
    // One folder for all feeds of a form.
    const names = feeds.map((feed) =>
      feed.name
        .replace(/^debian-d[sl]a$/, 'debian-lists')
        .replace(/^osv-.*/, 'osv')
        .replace(/^.*-csaf(-vex)?$/, 'csaf')
        .replace(/^.*-oval$/, 'oval')
        .replace(/^(amazon|fedora)$/, 'updateinfo')
        .replace(/^(wolfi|chainguard)$/, 'alpine-secdb'),
    );
    expect([...new Set(names)].toSorted()).toEqual(folders.toSorted());
    expect(feeds.filter((feed) => sampleOf(feed)[1] === '')).toEqual([]);
  });

  it.each([
    ['DSA*.list', 'DSA.list', true],
    ['DSA*.list', 'DSA-since-2025-02-13.list', true],
    ['DSA*.list', 'DLA.list', false],
    ['aa*a', 'aa', false],
    ['epss_scores*.csv.gz', 'epss_scores-current.csv', true],
    ['epss_scores*.csv.gz', 'epss_scores-current.csv.gz', true],
    ['epss_scores*.csv.gz', 'other.csv', false],
    ['CVE-*', 'CVE-2025-0001', true],
    ['CVE-*', 'CVE-2025-0001.json', false],
  ])('pattern %s against %s: %s', (pattern, name, matches) => expect(matchesSource({ pattern, url: null }, name)).toBe(matches));
});

// One of the many databases in one form is enough.
const forms = feeds.filter((feed) => !feed.name.startsWith('osv-') || feed.name === 'osv-ghsa');

describe.each(forms.map((feed) => [feed.name, feed] as const))('%s', (_, feed) => {
  const [fileName, text] = sampleOf(feed);
  const parse = (content: string | Uint8Array): FeedFacts =>
    feed.parse([{ name: fileName, bytes: typeof content === 'string' ? bytes(content) : content }], { minimumRecords: 0 });

  it('reads its sample, whose file name it knows', () => {
    expect(feed.files.some((source) => matchesSource(source, fileName))).toBe(true);
    const facts = parse(text);
    expect(facts).toMatchObject({ problems: [], records: 1 });
    if (facts.lifecycles) return;
    expect([...facts.advisories.flatMap((one) => one.vulnerabilities), ...facts.vulnerabilities.map((one) => one.id)]).toEqual([
      'CVE-2025-0001',
    ]);
  });

  it('refuses its sample cut anywhere', () => {
    for (let end = 1; end < text.length; end += 1) {
      // A cut at the end of a line can leave a whole, shorter file; the count of records is there for that.
      if (text[end - 1] === '\n') continue;
      expect(() => parse(text.slice(0, end))).toThrow(FeedError);
    }
  });

  it('throws nothing but FeedError for any text or bytes', () => {
    const damaged = fc
      .tuple(fc.nat(text.length), fc.nat(20), fc.string({ unit: 'binary', maxLength: 20 }))
      .map(([at, count, put]) => text.slice(0, at) + put + text.slice(at + count));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' }), fc.json(), fc.uint8Array()), (content) => {
        expect(unexpectedErrorOf(() => parse(content))).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['NUL bytes', `${text}\0`, 'NOT_TEXT'],
    ['bytes that are no UTF-8', new Uint8Array([0x1f, 0x8b, 8, 0]), 'NOT_TEXT'],
    ['more bytes than it may have', new Uint8Array(feed.maxBytes + 1), 'TOO_LARGE'],
    ['nesting without end', '['.repeat(100_000), undefined],
    ['one line of 10 MB', 'x'.repeat(10_000_000), undefined],
    ['names of the object prototype', '{"__proto__": {"count": 1}, "constructor": 1}', undefined],
  ])('refuses %s', (_, content, code) => {
    expect(() => parse(content)).toThrow(expect.objectContaining({ name: 'FeedError', ...(code && { code }) }));
  });
});

describe('facts of vulnerabilities', () => {
  const facts = (name: string) => {
    const [fileName, text] = samples[name] ?? ['', ''];
    const feed = feeds.find((one) => one.name === name);
    const parsed = feed?.parse([{ name: fileName, bytes: bytes(text) }], { minimumRecords: 0 });
    return { advisories: [], vulnerabilities: parsed?.vulnerabilities ?? [], origins: [] };
  };

  it('come together from all feeds, with who scored', () => {
    const merged = mergeKnowledge(['cve-5', 'nvd', 'epss', 'cisa-kev'].map(facts));
    expect(merged.vulnerabilities).toEqual([
      {
        id: 'CVE-2025-0001',
        published: '2025-01-02',
        cvss: [
          { version: '4.0', vector: 'CVSS:4.0/AV:N/AC:L', score: 9.3, source: 'cna' },
          { version: '3.1', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8, source: 'cisa-adp' },
          { version: '2.0', vector: 'AV:N/AC:M/Au:N/C:P/I:N/A:N', score: 4.3, source: 'nvd' },
        ],
        cwe: ['CWE-79'],
        kevSince: '2025-02-03',
        epss: { score: 0.00009, percentile: 0.78086, date: '2026-01-30' },
      },
    ]);
  });

  it('of other CVEs are left out when only some are wanted', () => {
    for (const feed of feeds.filter((one) => !one.name.startsWith('debian'))) {
      const [name, text] = sampleOf(feed);
      const parsed = feed.parse([{ name, bytes: bytes(text) }], { minimumRecords: 0, cves: new Set(['CVE-2025-0002']) });
      expect(parsed).toMatchObject({ vulnerabilities: [], records: 1 });
    }
  });

  it('keep what an input says nothing of, and take the last advisory as a whole', () => {
    const advisory = { id: 'DSA-1-1', feed: 'debian-dsa', published: null, vulnerabilities: ['CVE-2025-0001'], affected: [] };
    const origin = { feed: 'debian-dsa', location: 'x', retrievedAt: '2025-01-01T00:00:00Z', sha256: 'a' };
    const later = {
      advisories: [{ ...advisory, vulnerabilities: [] }],
      vulnerabilities: facts('cisa-kev').vulnerabilities,
      origins: [origin],
    };
    const merged = mergeKnowledge([{ ...facts('epss'), advisories: [advisory], origins: [origin] }, later]);
    expect(merged.advisories).toEqual(later.advisories);
    expect(merged.origins).toEqual([origin]);
    expect(merged.vulnerabilities[0]).toMatchObject({ kevSince: '2025-02-03', epss: { percentile: 0.78086 } });
  });
});

describe('shrinkageProblem', () => {
  it.each([
    [1000, 1000, false],
    [1000, 2000, false],
    [1000, 950, false],
    [1000, 949, true],
    [0, 0, false],
  ])('%i records, then %i: a problem is %s', (before, now, problem) => {
    expect(shrinkageProblem(before, now) !== null).toBe(problem);
  });
});
