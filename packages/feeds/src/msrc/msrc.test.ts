import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readZip } from '../zip.ts';
import { msrc } from './index.ts';

const shared = process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../../../shared');
const archive = resolve(shared, 'data/windows/wesng-definitions-2026-06-28.zip');

const read = (name: string, text: string) => msrc.parse([{ name, bytes: new TextEncoder().encode(text) }], { minimumRecords: 0 });

interface Case {
  readonly affected?: readonly string[];
  readonly fixes?: readonly (readonly [kb: string, build: string, products: readonly string[]])[];
}
const products = {
  '1': 'Windows Server 2022',
  '2': 'Windows 11 Version 24H2 for x64-based Systems',
  '3': 'cbl2 jq 1.6-1 on CBL Mariner 2.0',
};
const vector = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';

const json = ({ affected = [], fixes = [] }: Case) =>
  read(
    'msrc-2025-Jan.json',
    JSON.stringify({
      DocumentTracking: { InitialReleaseDate: '2025-01-14T08:00:00' },
      ProductTree: { FullProductName: Object.entries(products).map(([ProductID, Value]) => ({ ProductID, Value })) },
      Vulnerability: [
        {
          CVE: 'CVE-2025-0001',
          ProductStatuses: [
            { Type: 3, ProductID: affected },
            { Type: 1, ProductID: ['3'] },
          ],
          Threats: [
            { Type: 3, Description: { Value: 'Important' } },
            { Type: 3, Description: { Value: 'Critical' } },
            { Type: 0, Description: {} },
          ],
          CVSSScoreSets: [{ BaseScore: 9.8, Vector: `${vector}/E:U/RL:O/RC:C` }, { Vector: null }],
          Remediations: [
            { Type: 0, Description: { Value: 'x' }, ProductID: ['1'] },
            ...fixes.map(([kb, build, ids]) => ({ Type: 2, Description: { Value: kb }, FixedBuild: build, ProductID: ids })),
          ],
        },
      ],
    }),
  );

const xml = ({ affected = [], fixes = [] }: Case) => {
  const ids = (list: readonly string[]) => list.map((id) => `<vuln:ProductID>${id}</vuln:ProductID>`).join('');
  return read(
    'msrc-2025-Jan.xml',
    `<?xml version="1.0" encoding="utf-8"?><cvrf:cvrfdoc xmlns:cvrf="c" xmlns:prod="p" xmlns:vuln="v"><cvrf:DocumentTracking><cvrf:InitialReleaseDate>2025-01-14T08:00:00</cvrf:InitialReleaseDate></cvrf:DocumentTracking>
<prod:ProductTree>${Object.entries(products)
      .map(([id, name]) => `<prod:FullProductName ProductID="${id}">${name}</prod:FullProductName>`)
      .join(
        '',
      )}</prod:ProductTree><vuln:Vulnerability Ordinal="1"><vuln:Notes><vuln:Note>x</vuln:Note></vuln:Notes><vuln:CVE>CVE-2025-0001</vuln:CVE>
<vuln:ProductStatuses><vuln:Status Type="Known Affected">${ids(affected)}</vuln:Status></vuln:ProductStatuses>
<vuln:Threats><vuln:Threat Type="Severity"><vuln:Description>Critical</vuln:Description></vuln:Threat></vuln:Threats>
<vuln:CVSSScoreSets><vuln:ScoreSet><vuln:BaseScore>9.8</vuln:BaseScore><vuln:Vector>${vector}/E:U</vuln:Vector></vuln:ScoreSet></vuln:CVSSScoreSets>
<vuln:Remediations>${fixes
      .map(
        ([kb, build, list]) =>
          `<vuln:Remediation Type="Vendor Fix"><vuln:Description>${kb}</vuln:Description><vuln:URL>x</vuln:URL>${ids(list)}<vuln:FixedBuild>${build}</vuln:FixedBuild></vuln:Remediation>`,
      )
      .join('')}</vuln:Remediations></vuln:Vulnerability></cvrf:cvrfdoc>`,
  );
};

describe.each([
  ['JSON', json],
  ['XML', xml],
])('a month in %s', (_, parse) => {
  it('says which build and which update of a product fixed a flaw', () => {
    const facts = parse({ affected: ['1'], fixes: [['5049983', '10.0.20348.3091', ['1']]] });
    expect(facts).toMatchObject({ records: 1, problems: [] });
    expect(facts.advisories).toEqual([
      {
        id: 'msrc:CVE-2025-0001',
        feed: 'msrc',
        published: '2025-01-14',
        vulnerabilities: ['CVE-2025-0001'],
        rating: 5,
        affected: [
          {
            ecosystem: 'windows',
            release: '',
            package: 'Windows Server 2022',
            status: 'fixed',
            introduced: null,
            fixed: '10.0.20348.3091',
            patches: ['KB5049983'],
          },
        ],
      },
    ]);
    expect(facts.vulnerabilities).toMatchObject([{ cvss: [{ version: '3.1', vector, score: 9.8, source: 'msrc' }] }]);
  });

  it.each([
    [
      'an update and a hotpatch',
      [
        ['5050000', '10.0.26100.2894', ['2']],
        ['5050001', '10.0.26100.2890', ['2']],
      ],
      'fixed 10.0.26100.2890 KB5050000 KB5050001',
    ],
    ['an update without a build', [['5050000', '', ['2']]], 'fixed null KB5050000'],
    ['a build that is none', [['5050000', '$(id)', ['2']]], 'fixed null KB5050000'],
    ['release notes', [['Release Notes', '120.0.2210.91', ['2']]], 'fixed 120.0.2210.91 '],
    ['no fix', [], 'affected null '],
  ] as const)('understands %s', (__, fixes, expected) => {
    const said = parse({ affected: ['2'], fixes }).advisories[0]?.affected.map(
      (one) => `${one.status} ${one.fixed} ${(one.patches ?? []).join(' ')}`,
    );
    expect(said).toEqual([expected]);
  });

  it.each([
    ["packages of Microsoft's Linux", { affected: ['3'] }],
    ['products that nobody declared', { affected: ['9'] }],
  ])('leaves out %s', (__, said) => expect(parse(said)).toMatchObject({ advisories: [], records: 1, problems: [] }));
});

describe('the table of all years', () => {
  const header =
    '"DatePosted","CVE","BulletinKB","Title","AffectedProduct","AffectedComponent","Severity","Impact","Supersedes","Exploits"\n';
  const row = (cve: string, kb: string, product: string, title = 'x') =>
    `"20240109","${cve}","${kb}","${title}","${product}","x","Critical","x","",""\n`;
  const table = (text: string) => read('CVEs_20260628.csv', text);

  it('gathers the patches of each product of a flaw, and compares none of them with versions', () => {
    const rows =
      row('CVE-2024-0001', '5034129', 'Windows Server 2022') +
      row('CVE-2024-0001', '5034127', 'Windows Server 2019', 'a ""b"", c');
    expect(table(header + rows).advisories).toMatchObject([
      {
        id: 'msrc:CVE-2024-0001',
        published: '2024-01-09',
        rating: 5,
        affected: [
          { package: 'Windows Server 2022', status: 'fixed', fixed: null, patches: ['KB5034129'] },
          { package: 'Windows Server 2019', status: 'fixed', fixed: null, patches: ['KB5034127'] },
        ],
      },
    ]);
  });

  it('brings in parts, one after the other, what it brings at once', () => {
    const rows = [1, 2, 3, 4, 5, 1]
      .map((number) => row(`CVE-2024-000${number}`, '5034129', `Windows Server 202${number}`))
      .join('');
    const file = { name: 'CVEs_20260628.csv', bytes: new TextEncoder().encode(`${header}${rows}"a","b"\n`) };
    const whole = msrc.parse([file], { minimumRecords: 0 });
    const parts = [0, 1, 2, 3].map((index) => msrc.parse([file], { minimumRecords: 0, part: { index, of: 4 } }));
    const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1);
    expect(parts.flatMap(({ advisories }) => advisories).sort(byId)).toEqual([...whole.advisories].sort(byId));
    expect(parts.flatMap(({ problems }) => problems)).toEqual(whole.problems);
    expect(parts.map(({ records }) => records)).toEqual([1, 2, 1, 1]);
  });

  it('notes a row that is none, and leaves out what has no CVE', () => {
    const facts = table(`${header}${row('CVE-2024-0001', '5034129', 'x')}"a","b"\n${row('ADV190001', '1', 'x')}`);
    expect(facts).toMatchObject({ records: 2, problems: [{ line: 3 }], leftOut: new Map([['a bulletin without a CVE', 1]]) });
  });

  it.each([
    ['another table', '"a","b"\n', 'SCHEMA'],
    ['a cut one', header + row('CVE-2024-0001', '5034129', 'x').slice(0, -5), 'TRUNCATED'],
  ])('refuses %s', (_, text, code) => expect(() => table(text)).toThrow(expect.objectContaining({ name: 'FeedError', code })));

  it('reads a cell of several lines', () => {
    const rows = row('CVE-2024-0001', '5034129', 'x', 'a\nb') + row('CVE-2024-0002', '5034129', 'x');
    expect(table(header + rows)).toMatchObject({ records: 2, problems: [] });
  });

  it.runIf(existsSync(archive))('understands the real table', { timeout: 60_000 }, () => {
    const inflateRaw = (packed: Uint8Array, maxBytes: number) => inflateRawSync(packed, { maxOutputLength: maxBytes });
    const zip = readZip(
      { name: 'x.zip', bytes: readFileSync(archive) },
      { inflateRaw, maxEntryBytes: 2 ** 28, maxBytes: 2 ** 28 },
    );
    function* tables() {
      for (const file of zip) if (file.name.startsWith('CVEs_')) yield file;
    }
    const facts = msrc.parse(tables(), { minimumRecords: 0 });
    // Counted another way: by a reader of comma-separated values that is not ours.
    expect(facts.problems).toEqual([]);
    expect(facts.records).toBe(22_134);
    const statements = facts.advisories.flatMap(({ affected }) => affected);
    expect(statements.filter((one) => one.package === 'Windows Server 2022')).toHaveLength(3016);
    expect(statements.every((one) => one.status === 'fixed' && one.fixed === null)).toBe(true);
  });
});

if (!existsSync(archive)) process.stdout.write('skipped: no feed data\n');
