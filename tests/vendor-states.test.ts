import { feeds } from '@vedette/feeds';
import { buildChecks, type InventoryElement, indexStatements, judge } from '@vedette/matching';
import type { Advisory } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';

/** What vendors say, from the bytes of their feeds to the verdict on an installed package. */
function read(name: string, file: string, text: string): readonly Advisory[] {
  const feed = feeds.find((one) => one.name === name);
  if (!feed) throw new Error(`no feed ${name}`);
  return feed.parse([{ name: file, bytes: new TextEncoder().encode(text) }], { minimumRecords: 0 }).advisories;
}

const element = (about: Partial<InventoryElement>): InventoryElement => ({
  ecosystem: 'debian',
  release: 'bookworm',
  name: 'jq',
  version: '1.6-2',
  architecture: 'amd64',
  source: 'jq',
  sourceVersion: '1.6-2',
  role: 'installed',
  ...about,
});

/** One line for each verdict: the CVE, what it is, how sure, and who said so. */
function verdicts(advisories: readonly Advisory[], about: Partial<InventoryElement> = {}): string[] {
  const { checks } = buildChecks({ advisories, vulnerabilities: [], origins: [] });
  const names = new Map(checks.map(({ number, name }) => [number, name]));
  const installed = element(about);
  return judge(installed, indexStatements(checks).statementsFor(installed)).map(
    ({ check, verdict, confidence, statement }) => `${names.get(check)} ${verdict} ${confidence} ${statement.feed}`,
  );
}

describe("Debian's tracker beside its advisories", () => {
  const dsa = read('debian-dsa', 'DSA.list', '[12 Feb 2025] DSA-1-1 jq - x\n\t{CVE-2025-0001}\n\t[bookworm] - jq 1.6-3\n');
  const tracker = (entry: object) =>
    read('debian-tracker', 'debian-tracker.json', JSON.stringify({ jq: { 'CVE-2025-0001': { releases: { bookworm: entry } } } }));

  it.each([
    [{ status: 'resolved', fixed_version: '1.6-3' }, 'affected confirmed'],
    [{ status: 'resolved', fixed_version: '1.6-1' }, 'not-affected confirmed'],
    [{ status: 'resolved', fixed_version: '0' }, 'not-affected confirmed'],
    [{ status: 'open' }, 'affected confirmed'],
    [{ status: 'open', nodsa: 'x', nodsa_reason: 'postponed' }, 'affected confirmed'],
    [{ status: 'open', urgency: 'end-of-life' }, 'affected confirmed'],
    [{ status: 'open', urgency: 'unimportant' }, 'affected information'],
    [{ status: 'undetermined' }, 'affected potential'],
  ])('decides alone: %j is %s', (entry, expected) => {
    const said = [`CVE-2025-0001 ${expected} debian-tracker`];
    expect(verdicts([...dsa, ...tracker(entry)])).toEqual(said);
    expect(verdicts([...tracker(entry), ...dsa])).toEqual(said);
  });

  it('leaves the word to the advisory where it says nothing of the release', () => {
    expect(verdicts([...dsa, ...tracker({})])).toEqual(['CVE-2025-0001 affected confirmed debian-dsa']);
  });
});

describe("Red Hat's VEX beside its errata", () => {
  const installed = { ecosystem: 'redhat', release: '9', name: 'curl', version: '7.76.1-26.el9', source: 'curl' } as const;
  const cpe = { product_identification_helper: { cpe: 'cpe:/o:redhat:enterprise_linux:9::baseos' } };
  const document = (category: string, id: string, status: object) =>
    JSON.stringify({
      document: {
        category,
        csaf_version: '2.0',
        publisher: { namespace: 'https://www.redhat.com' },
        tracking: { id, initial_release_date: '2025-01-02T03:04:05Z' },
      },
      product_tree: {
        full_product_names: [
          { name: 'RHEL 9', product_id: 'os', ...cpe },
          { name: 'curl', product_id: 'curl', product_identification_helper: { purl: 'pkg:rpm/redhat/curl' } },
          {
            name: 'x',
            product_id: 'fix',
            product_identification_helper: { purl: 'pkg:rpm/redhat/curl@7.76.1-29.el9?arch=x86_64' },
          },
        ],
        relationships: ['curl', 'fix'].map((component) => ({
          full_product_name: { product_id: `os:${component}` },
          product_reference: component,
          relates_to_product_reference: 'os',
        })),
      },
      vulnerabilities: [{ cve: 'CVE-2025-0001', product_status: status }],
    });
  const erratum = read(
    'redhat-csaf',
    'rhsa-2025_0001.json',
    document('csaf_security_advisory', 'RHSA-2025:0001', { fixed: ['os:fix'] }),
  );
  const vex = (status: object) => read('redhat-csaf-vex', 'cve-2025-0001.json', document('csaf_vex', 'CVE-2025-0001', status));

  it.each([
    [{ fixed: ['os:fix'] }, 'affected confirmed'],
    [{ known_affected: ['os:curl'] }, 'affected confirmed'],
    [{ under_investigation: ['os:curl'] }, 'affected potential'],
    [{ known_not_affected: ['os:curl'] }, 'not-affected confirmed'],
  ])('decides alone: %j is %s', (status, expected) => {
    expect(verdicts([...erratum, ...vex(status)], installed)).toEqual([`CVE-2025-0001 ${expected} redhat-csaf-vex`]);
  });

  it('leaves the word to the erratum where it says nothing', () => {
    expect(verdicts([...erratum, ...vex({})], installed)).toEqual(['CVE-2025-0001 affected confirmed redhat-csaf']);
  });
});

describe("the name of a patch of Microsoft's", () => {
  it('decides nothing by itself', () => {
    const header =
      '"DatePosted","CVE","BulletinKB","Title","AffectedProduct","AffectedComponent","Severity","Impact","Supersedes","Exploits"\n';
    const table = read(
      'msrc',
      'CVEs_1.csv',
      `${header}"20240109","CVE-2024-0001","5034129","x","Windows Server 2022","","Critical","","",""\n`,
    );
    expect(table[0]?.affected).toHaveLength(1);
    expect(verdicts(table, { ecosystem: 'windows', release: '', name: 'Windows Server 2022', version: '10.0.20348.1' })).toEqual(
      [],
    );
  });
});
