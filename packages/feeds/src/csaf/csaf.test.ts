import { sharedArchive } from '@vedette/testkit';
import { describe, expect, it } from 'vitest';
import type { Feed, FeedFile } from '../feed.ts';
import { csaf } from './index.ts';

const feed = (name: string): Feed => {
  const found = csaf.find((one) => one.name === name);
  if (!found) throw new Error(`no feed ${name}`);
  return found;
};
const file = (content: unknown, name = 'cve-2025-0001.json'): FeedFile => ({
  name,
  bytes: new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content)),
});

const cpes = {
  BaseOS: 'cpe:/o:redhat:enterprise_linux:9::baseos',
  AppStream: 'cpe:/a:redhat:enterprise_linux:8::appstream',
  EUS: 'cpe:/o:redhat:rhel_eus:9.2::baseos',
  OpenShift: 'cpe:/a:redhat:openshift:4',
};

/** A document in which each component lies in each product; ids are `product:component`. */
function redhat(components: Record<string, string | null>, vulnerabilities: object[], more: object = {}) {
  const product = (id: string, helper: object) => ({
    category: 'product_version',
    name: id,
    product: { name: id, product_id: id, product_identification_helper: helper },
  });
  return {
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { namespace: 'https://www.redhat.com' },
      tracking: { id: 'CVE-2025-0001', initial_release_date: '2025-01-02T03:04:05Z' },
      aggregate_severity: { text: 'Moderate' },
      ...more,
    },
    product_tree: {
      branches: [
        {
          category: 'vendor',
          name: 'Red Hat',
          branches: [
            ...Object.entries(cpes).map(([id, cpe]) => product(id, { cpe })),
            ...Object.entries(components).map(([id, purl]) => product(id, purl ? { purl } : {})),
          ],
        },
      ],
      relationships: Object.keys(cpes).flatMap((os) =>
        Object.keys(components).map((id) => ({
          category: 'default_component_of',
          full_product_name: { name: `${id} in ${os}`, product_id: `${os}:${id}` },
          product_reference: id,
          relates_to_product_reference: os,
        })),
      ),
    },
    vulnerabilities,
  };
}

const rpms = {
  'curl-7.76.1-29.el9.x86_64': 'pkg:rpm/redhat/curl@7.76.1-29.el9?arch=x86_64',
  'curl-7.76.1-31.el9.x86_64': 'pkg:rpm/redhat/curl@7.76.1-31.el9?arch=x86_64',
  'curl-7.76.1-29.el9.src': 'pkg:rpm/redhat/curl@7.76.1-29.el9?arch=src',
  'curl-debuginfo-7.76.1-29.el9.x86_64': 'pkg:rpm/redhat/curl-debuginfo@7.76.1-29.el9?arch=x86_64',
  curl: 'pkg:rpm/redhat/curl?arch=src',
  'httpd:2.4/httpd': 'pkg:rpm/redhat/httpd?arch=src',
  'node-20': 'pkg:rpm/redhat/nodejs@20.1-1.module%2Bel8?arch=x86_64&rpmmod=nodejs:20:8100:489197e6',
  image: 'pkg:oci/redhat/image@1',
};

interface Excerpt {
  vulnerabilities: { remediations: { category: string; product_ids: string[] }[]; product_status?: object }[];
}
/** The excerpts lack the status, which says the same as their remediations do. */
function withStatus(document: Excerpt): Excerpt {
  for (const one of document.vulnerabilities) {
    const of = (...categories: string[]) =>
      one.remediations.filter(({ category }) => categories.includes(category)).flatMap((remediation) => remediation.product_ids);
    one.product_status ??= { fixed: of('vendor_fix'), known_affected: of('no_fix_planned', 'none_available') };
  }
  return document;
}

const say = (status: object, more: object = {}) => [{ cve: 'CVE-2025-0001', product_status: status, ...more }];
const parse = (content: unknown, name = 'redhat-csaf-vex') => feed(name).parse([file(content)], { minimumRecords: 0 });
const said = (facts: ReturnType<typeof parse>) =>
  facts.advisories.flatMap((one) =>
    one.affected.map((a) => [a.release, a.package, a.module ?? '-', a.status, a.fixed ?? '-', a.vendorState ?? '-'].join(' ')),
  );

describe('redhat-csaf-vex', () => {
  it.each([
    ['a fix', { fixed: ['BaseOS:curl-7.76.1-29.el9.x86_64'] }, ['9 curl - fixed 7.76.1-29.el9 -']],
    [
      'the first of several fixed versions',
      { fixed: ['BaseOS:curl-7.76.1-31.el9.x86_64', 'BaseOS:curl-7.76.1-29.el9.x86_64'] },
      ['9 curl - fixed 7.76.1-29.el9 -'],
    ],
    ['a fix of a module', { fixed: ['AppStream:node-20'] }, ['8 nodejs nodejs:20 fixed 20.1-1.module+el8 -']],
    ['an open flaw', { known_affected: ['BaseOS:curl'] }, ['9 curl - affected - -']],
    ['an open flaw of a module', { known_affected: ['AppStream:httpd:2.4/httpd'] }, ['8 httpd httpd:2.4 affected - -']],
    ['a flaw that is looked into', { under_investigation: ['BaseOS:curl'] }, ['9 curl - affected - undetermined']],
    ['what is not affected', { known_not_affected: ['BaseOS:curl'] }, ['9 curl - not-affected - -']],
    [
      'a fix before what is said of older versions',
      { known_affected: ['BaseOS:curl'], fixed: ['BaseOS:curl-7.76.1-29.el9.x86_64'] },
      ['9 curl - fixed 7.76.1-29.el9 -'],
    ],
  ])('reads %s', (_, status, expected) => {
    const facts = parse(redhat(rpms, say(status)));
    expect(facts.problems).toEqual([]);
    expect(said(facts)).toEqual(expected);
    expect(facts.advisories[0]).toMatchObject({ id: 'redhat-csaf-vex:CVE-2025-0001', published: '2025-01-02', rating: 3 });
  });

  it.each([
    ['a source package with a fix', { fixed: ['BaseOS:curl-7.76.1-29.el9.src'] }],
    ['debugging symbols', { fixed: ['BaseOS:curl-debuginfo-7.76.1-29.el9.x86_64'] }],
    ['a service for an older minor version', { fixed: ['EUS:curl-7.76.1-29.el9.x86_64'] }],
    ['another product', { known_affected: ['OpenShift:curl'] }],
    ['a container', { known_affected: ['BaseOS:image'] }],
    ['a product that nobody declared', { known_affected: ['BaseOS:wget'] }],
    ['a product as a whole', { known_affected: ['BaseOS'] }],
    ['a version that is not affected', { known_not_affected: ['BaseOS:curl-7.76.1-29.el9.x86_64'] }],
  ])('leaves out and counts %s', (_, status) => {
    const facts = parse(redhat(rpms, say(status)));
    expect(facts).toMatchObject({ advisories: [], records: 1, problems: [] });
    expect([...(facts.leftOut?.values() ?? [])]).toEqual([1]);
  });

  it.each([
    ['no_fix_planned', 'Will not fix', 'ignored'],
    ['no_fix_planned', 'Out of support scope', 'end-of-life'],
    ['none_available', 'Fix deferred', 'postponed'],
    ['none_available', 'Affected', '-'],
    ['workaround', 'Do this.', '-'],
  ])('takes the remediation %s, %s for %s', (category, details, state) => {
    const remediations = [{ category, details, product_ids: ['BaseOS:curl'] }];
    const facts = parse(redhat(rpms, say({ known_affected: ['BaseOS:curl'] }, { remediations })));
    expect(said(facts)).toEqual([`9 curl - affected - ${state}`]);
  });

  it('reads remediations of product groups', () => {
    const document = redhat(
      rpms,
      say({ known_affected: ['BaseOS:curl'] }, { remediations: [{ category: 'no_fix_planned', group_ids: ['g'] }] }),
    );
    const tree = { ...document.product_tree, product_groups: [{ group_id: 'g', product_ids: ['BaseOS:curl'] }] };
    expect(said(parse({ ...document, product_tree: tree }))).toEqual(['9 curl - affected - ignored']);
  });

  it('takes the highest impact, the scores and the weakness', () => {
    const score = { version: '3.1', vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', baseScore: 9.8 };
    const facts = parse(
      redhat(
        rpms,
        say(
          { known_affected: ['BaseOS:curl'] },
          {
            cwe: { id: 'CWE-79', name: 'x' },
            threats: [
              { category: 'impact', details: 'Low' },
              { category: 'impact', details: 'Important' },
            ],
            scores: [{ cvss_v3: { ...score, baseScore: 5 } }, { cvss_v3: score, products: [] }, { cvss_v2: { version: 'x' } }],
          },
        ),
      ),
    );
    expect(facts.advisories[0]?.rating).toBe(4);
    expect(facts.vulnerabilities).toMatchObject([
      { id: 'CVE-2025-0001', cwe: ['CWE-79'], cvss: [{ version: '3.1', score: 9.8, source: 'redhat' }] },
    ]);
  });

  it('finds the module that stands between a package and its product', () => {
    const document = redhat(
      { 'node.x86_64': 'pkg:rpm/redhat/nodejs@1-1?arch=x86_64', module: 'pkg:rpmmod/redhat/nodejs@18:81:ab' },
      [],
    );
    document.product_tree.relationships.push({
      category: 'default_component_of',
      full_product_name: { name: 'x', product_id: 'inner' },
      product_reference: 'node.x86_64',
      relates_to_product_reference: 'AppStream:module',
    });
    expect(said(parse({ ...document, vulnerabilities: say({ fixed: ['inner'] }) }))).toEqual(['8 nodejs nodejs:18 fixed 1-1 -']);
  });

  it('ends where relationships go round in a circle', () => {
    const relation = (id: string, to: string) => ({
      full_product_name: { product_id: id },
      product_reference: 'curl',
      relates_to_product_reference: to,
    });
    const document = redhat(rpms, say({ known_affected: ['a'] }));
    const tree = { ...document.product_tree, relationships: [relation('a', 'b'), relation('b', 'a')] };
    expect(parse({ ...document, product_tree: tree })).toMatchObject({ advisories: [], records: 1 });
  });

  it.each([
    [
      'branches without end',
      (text: string) => text.replace('"branches":[', `"branches":[${'{"branches":['.repeat(5000)}${']}'.repeat(5000)},`),
    ],
    ['a branch that is none', (text: string) => text.replace('"branches":[', '"branches":[7,')],
    ['another vendor', (text: string) => text.replace('https://www.redhat.com', 'https://www.redhat.com.evil.example')],
    ['another version', (text: string) => text.replace('"2.0"', '"1.0"')],
    ['a name that is none', (text: string) => text.replace('"id":"CVE-2025-0001"', '"id":"<script>"')],
    ['a status of another type', (text: string) => text.replace('"known_affected":[', '"known_affected":[{},')],
  ])('refuses %s', (_, damage) => {
    const text = JSON.stringify(redhat(rpms, say({ known_affected: ['BaseOS:curl'] })));
    expect(damage(text)).not.toBe(text);
    expect(() => parse(damage(text))).toThrow(expect.objectContaining({ name: 'FeedError', code: 'SCHEMA' }));
  });

  it('notes one bad document among good ones', () => {
    const good = redhat(rpms, say({ known_affected: ['BaseOS:curl'] }));
    const facts = feed('redhat-csaf-vex').parse([file(good), file('[]', 'cve-2025-0002.json')], { minimumRecords: 0 });
    expect(facts).toMatchObject({ records: 1, problems: [{ file: 'cve-2025-0002.json' }] });
  });

  it('understands documents of the form Red Hat publishes', async ({ skip }) => {
    const files = sharedArchive('other-distros/trivy-db-vulnsrc-testdata.tar.zst');
    if (!files) return skip('skipped: no feed data');
    const documents = (await files())
      .filter(({ path }) => path.includes('redhat-csaf/testdata/vuln-list-redhat/csaf-vex'))
      .map(({ name, bytes }) => file(withStatus(JSON.parse(new TextDecoder().decode(bytes)) as Excerpt), name)); // data of the test
    const facts = feed('redhat-csaf-vex').parse(documents, { minimumRecords: 0 });
    expect(facts).toMatchObject({ records: 4, problems: [] });
    expect(said(facts)).toEqual(
      expect.arrayContaining([
        '9 test-package - fixed 1:1.0.0-1.el9 -',
        '9 affected-package - affected - -',
        '9 modular-package module:2.4 fixed 2.4.37-65.module+el8.10.0+21982+14717793 -',
      ]),
    );
  });
});

describe('redhat-csaf', () => {
  const errata = {
    category: 'csaf_security_advisory',
    tracking: { id: 'RHSA-2025:0001', initial_release_date: '2025-03-04T00:00:00Z' },
  };
  const fixed = { fixed: ['BaseOS:curl-7.76.1-29.el9.x86_64'] };

  it('makes one advisory of flaws that were fixed in the same packages', () => {
    const both = [...say(fixed), { cve: 'CVE-2025-0002', product_status: fixed }];
    expect(parse(redhat(rpms, both, errata), 'redhat-csaf').advisories).toMatchObject([
      { id: 'RHSA-2025:0001', feed: 'redhat-csaf', vulnerabilities: ['CVE-2025-0001', 'CVE-2025-0002'], published: '2025-03-04' },
    ]);
  });

  it('keeps flaws of different packages apart', () => {
    const both = [...say(fixed), { cve: 'CVE-2025-0002', product_status: { fixed: ['AppStream:node-20'] } }];
    expect(parse(redhat(rpms, both, errata), 'redhat-csaf').advisories).toMatchObject([
      { id: 'RHSA-2025:0001:CVE-2025-0001', affected: [{ package: 'curl' }] },
      { id: 'RHSA-2025:0001:CVE-2025-0002', affected: [{ package: 'nodejs' }] },
    ]);
  });
});

describe('suse-csaf-vex', () => {
  const document = (os: string, component: string, status: string) => ({
    document: {
      category: 'csaf_vex',
      csaf_version: '2.0',
      publisher: { namespace: 'https://www.suse.com/' },
      tracking: { id: 'CVE-2025-0001', initial_release_date: '2025-01-02T03:04:05Z' },
    },
    product_tree: {
      branches: [
        { category: 'product_name', name: os, product: { name: os, product_id: os } },
        { category: 'product_version', name: component, product: { name: component, product_id: component } },
      ],
      relationships: [
        {
          category: 'default_component_of',
          full_product_name: { name: 'x', product_id: `${os}:${component}` },
          product_reference: component,
          relates_to_product_reference: os,
        },
      ],
    },
    vulnerabilities: say({ [status]: [`${os}:${component}`] }),
  });

  it.each([
    ['SUSE Linux Enterprise Server 15 SP5', 'suse 15.5'],
    ['SUSE Linux Enterprise Server 15 SP3-LTSS', 'suse 15.3'],
    ['SUSE Linux Enterprise Server 12', 'suse 12'],
    ['SUSE Linux Enterprise Server for SAP Applications 15 SP4', 'suse 15.4'],
    ['SUSE Linux Enterprise Module for Basesystem 15 SP6', 'suse 15.6'],
    ['openSUSE Leap 15.6', 'opensuse 15.6'],
    ['openSUSE Tumbleweed', 'opensuse tumbleweed'],
  ])('knows %s as %s', (os, expected) => {
    const facts = parse(document(os, 'libopenssl3-3.1.4-1.1.x86_64', 'recommended'), 'suse-csaf-vex');
    const [one] = facts.advisories[0]?.affected ?? [];
    expect(`${one?.ecosystem} ${one?.release}`).toBe(expected);
    expect(one).toMatchObject({ package: 'libopenssl3', status: 'fixed', fixed: '3.1.4-1.1' });
  });

  it.each(['SUSE Linux Enterprise Micro 5.5', 'SUSE Linux Enterprise Module for Public Cloud 15 SP5', 'SUSE Manager 4.3'])(
    'leaves %s out',
    (os) => expect(parse(document(os, 'jq', 'known_affected'), 'suse-csaf-vex')).toMatchObject({ advisories: [], records: 1 }),
  );

  it('reads a flaw that has no fix yet', () => {
    expect(said(parse(document('openSUSE Leap 15.6', 'jq', 'known_affected'), 'suse-csaf-vex'))).toEqual([
      '15.6 jq - affected - -',
    ]);
  });
});
