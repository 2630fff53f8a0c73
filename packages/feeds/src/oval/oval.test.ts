import { describe, expect, it } from 'vitest';
import { oval } from './index.ts';

/** A test of a package: `curl < 1:7.76-1`, `curl < 1 x86_64`, `curl` (there at all), `!curl` (absent), `curl key`, `curl >= 2`. */
type Tests = Readonly<Record<string, string>>;

function testXml(id: string, text: string): { test: string; object: string; state: string } {
  const [name = '', ...words] = text.replace('!', '').split(' ');
  const operations: Record<string, string> = {
    '<': 'less than',
    '>': 'greater than',
    '==': 'equals',
    '>=': 'greater than or equal',
  };
  const operation = operations[words[0] ?? ''];
  const evr = operation ? `<evr datatype="evr_string" operation="${operation}">${words[1]}</evr>` : '';
  const arch = words[2] ? `<arch operation="pattern match">${words[2]}</arch>` : '';
  const key = words[0] === 'key' ? '<signature_keyid operation="equals">199e2f91fd431d51</signature_keyid>' : '';
  const more = words[0] === 'vendor' ? '<vendor>x</vendor>' : '';
  const existence = text.startsWith('!') ? 'none_exist' : 'at_least_one_exists';
  const hasState = evr + key + more !== '';
  return {
    test: `<red-def:rpminfo_test id="${id}" check="at least one" check_existence="${existence}"><red-def:object object_ref="o${id}"/>${hasState ? `<red-def:state state_ref="s${id}"/>` : ''}</red-def:rpminfo_test>`,
    object: `<red-def:rpminfo_object id="o${id}"><red-def:name>${name}</red-def:name></red-def:rpminfo_object>`,
    state: hasState ? `<red-def:rpminfo_state id="s${id}">${evr}${arch}${key}${more}</red-def:rpminfo_state>` : '',
  };
}

interface Parts {
  readonly criteria: string;
  readonly tests?: Tests;
  readonly metadata?: string;
  readonly id?: string;
  readonly kind?: string;
}

function document({
  criteria,
  tests = {},
  metadata = cve,
  id = 'oval:com.redhat.cve:def:1',
  kind = 'vulnerability',
}: Parts): string {
  const parts = Object.entries(tests).map(([test, text]) => testXml(test, text));
  return `<?xml version="1.0" encoding="utf-8"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" xmlns:red-def="http://oval.mitre.org/XMLSchema/oval-definitions-5#linux">
<definitions><definition id="${id}" class="${kind}" version="1"><metadata><title>x</title>${metadata}<description>é &lt;x&gt;</description></metadata>${criteria}</definition></definitions>
<tests>${parts.map(({ test }) => test).join('')}</tests><objects>${parts.map(({ object }) => object).join('')}</objects>
<states>${parts.map(({ state }) => state).join('')}</states></oval_definitions>`;
}

const cve = '<reference source="CVE" ref_id="CVE-2025-0001"/>';
const on = (comment: string, test = 'none') => `<criterion comment="${comment}" test_ref="${test}"/>`;
const and = (...nodes: string[]) => `<criteria operator="AND">${nodes.join('')}</criteria>`;
const or = (...nodes: string[]) => `<criteria operator="OR">${nodes.join('')}</criteria>`;
const rhel = on('Red Hat Enterprise Linux 8 is installed');

function parse(text: string, name = 'redhat-oval') {
  const feed = oval.find((one) => one.name === name);
  if (!feed) throw new Error(`no feed ${name}`);
  return feed.parse([{ name: 'rhel-8.oval.xml', bytes: new TextEncoder().encode(text) }], { minimumRecords: 0 });
}
const said = (facts: ReturnType<typeof parse>) =>
  facts.advisories.flatMap((one) =>
    one.affected.map((a) => [a.release, a.package, a.module ?? '-', a.status, a.fixed ?? '-', a.vendorState ?? '-'].join(' ')),
  );
const signed = on('curl is signed with Red Hat redhatrelease2 key', 'key');

const many = <Made>(make: (n: number) => Made): Made[] => Array.from({ length: 300 }, (_, n) => make(n));

describe('redhat-oval', () => {
  it('reads an erratum as Red Hat writes it', () => {
    const facts = parse(
      document({
        kind: 'patch',
        metadata: `<reference source="RHSA" ref_id="RHSA-2025:0001"/>${cve}<advisory><severity>Important</severity><issued date="2025-03-04"/><cve cvss3="7.0/CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H" cwe="CWE-78">CVE-2025-0002</cve></advisory>`,
        criteria: or(
          on('Red Hat Enterprise Linux must be installed'),
          and(rhel, or(and(on('curl is earlier than 0:7.61-34', 'a'), signed), and(on('libcurl is earlier than', 'b'), signed))),
        ),
        tests: { a: 'curl < 0:7.61.1-34.el8 aarch64|x86_64', b: 'libcurl < 1:7.61.1-34.el8', key: 'curl key' },
      }),
    );
    expect(facts.advisories).toMatchObject([
      { id: 'RHSA-2025:0001', published: '2025-03-04', rating: 4, vulnerabilities: ['CVE-2025-0001', 'CVE-2025-0002'] },
    ]);
    expect(said(facts)).toEqual(['8 curl - fixed 7.61.1-34.el8 -', '8 libcurl - fixed 1:7.61.1-34.el8 -']);
    expect(facts.leftOut?.size).toBe(0);
    expect(facts.vulnerabilities).toMatchObject([
      { id: 'CVE-2025-0002', cwe: ['CWE-78'], cvss: [{ version: '3.1', score: 7, source: 'redhat' }] },
    ]);
  });

  it('reads the module that must be enabled', () => {
    const criteria = and(rhel, on('Module nodejs:20 is enabled', 'file'), or(and(on('nodejs is earlier than', 'a'), signed)));
    expect(said(parse(document({ criteria, tests: { a: 'nodejs < 1:20.1-1.module+el8', key: 'nodejs key' } })))).toEqual([
      '8 nodejs nodejs:20 fixed 1:20.1-1.module+el8 -',
    ]);
  });

  it('takes the kernel that runs or will for no condition, as that is judged by what runs', () => {
    const runs = or(
      on('kernel earlier than 0:4.18.0-9 is currently running', 'u'),
      on('kernel earlier than 0:4.18.0-9 is set to boot up on next boot', 'f'),
    );
    expect(
      said(
        parse(document({ criteria: and(rhel, runs, on('kernel is earlier than', 'a')), tests: { a: 'kernel < 0:4.18.0-9' } })),
      ),
    ).toEqual(['8 kernel - fixed 4.18.0-9 -']);
  });

  it.each([
    ['Affected', '-'],
    ['Will not fix', 'ignored'],
    ['Out of support scope', 'end-of-life'],
    ['Fix deferred', 'postponed'],
    ['Under investigation', 'undetermined'],
  ])('reads an open flaw with the resolution %s', (state, expected) => {
    const metadata = `${cve}<advisory><affected><resolution state="${state}"><component>nodejs:20/curl</component></resolution><resolution state="x"><component>y</component></resolution></affected></advisory>`;
    const facts = parse(
      document({ metadata, criteria: and(rhel, on('curl is installed', 'a'), signed), tests: { a: 'curl', key: 'curl key' } }),
    );
    expect(said(facts)).toEqual([`8 curl - affected - ${expected}`]);
    expect(facts.advisories[0]?.id).toBe('redhat-oval:CVE-2025-0001');
  });

  it('reads what is not affected out of criteria that contradict themselves', () => {
    const criteria = and(rhel, or(and(on('curl is installed', 'a'), on('curl is not installed', 'b'))));
    const tests = { a: 'curl', b: '!curl' };
    expect(said(parse(document({ id: 'oval:com.redhat.unaffected:def:1', criteria, tests })))).toEqual([
      '8 curl - not-affected - -',
    ]);
    expect(said(parse(document({ criteria, tests })))).toEqual([]);
  });

  it('takes the higher of two versions, one of which is enough', () => {
    const criteria = and(rhel, or(on('x', 'a'), on('x', 'b')));
    expect(said(parse(document({ criteria, tests: { a: 'curl < 0:9-1', b: 'curl < 0:10-1' } })))).toEqual([
      '8 curl - fixed 10-1 -',
    ]);
  });

  it.each([
    [
      'versions that differ by architecture',
      and(rhel, or(on('x', 'a'), on('x', 'b'))),
      { a: 'curl < 0:9-1 x86_64', b: 'curl < 0:10-1 aarch64' },
    ],
    ['two packages at once', and(rhel, on('x', 'a'), on('x', 'b')), { a: 'curl < 0:9-1', b: 'wget < 0:1-1' }],
    ['a stretch of versions', and(rhel, on('x', 'a'), on('x', 'b')), { a: 'curl < 0:9-1', b: 'curl >= 0:1-1' }],
    ['a test of something else', and(rhel, on('x', 'a'), on('a file is there', 'f')), { a: 'curl < 0:9-1' }],
    ['a state of something else', and(rhel, on('x', 'a'), on('x', 'v')), { a: 'curl < 0:9-1', v: 'curl vendor' }],
    [
      'a negated criteria',
      `<criteria operator="AND">${rhel}<criteria negate="true">${on('x', 'a')}</criteria></criteria>`,
      { a: 'curl < 0:9-1' },
    ],
    [
      'an exclusive one',
      `<criteria operator="AND">${rhel}<criteria operator="XOR">${on('x', 'a')}</criteria></criteria>`,
      { a: 'curl < 0:9-1' },
    ],
    ['a package of no release', or(on('x', 'a')), { a: 'curl < 0:9-1' }],
    ['debugging symbols', and(rhel, on('x', 'a')), { a: 'curl-debuginfo < 0:9-1' }],
    ['a name that is none', and(rhel, on('x', 'a')), { a: '$(id) < 0:9-1' }],
    ['a version that is none', and(rhel, on('x', 'a')), { a: 'curl < 0:$(id)' }],
    [
      'more combinations than can be',
      and(rhel, or(...many((n) => on('x', `t${n}`))), or(...many((n) => on(`Module m:${n} is enabled`)))),
      Object.fromEntries(many((n) => [`t${n}`, `p${n} < 0:1-1`])),
    ],
  ] as const)('makes no statement of %s, and counts it', (_, criteria, tests) => {
    const facts = parse(document({ criteria, tests }));
    expect(facts).toMatchObject({ advisories: [], records: 1, problems: [] });
    expect(facts.leftOut?.size).toBeGreaterThan(0);
  });

  it.each([
    ['another product', and(on('Red Hat CoreOS 4 is installed'), on('x', 'a')), { a: 'curl < 0:9-1' }],
    [
      'a negated criterion',
      `<criteria>${rhel}<criterion comment="x" test_ref="a" negate="true"/></criteria>`,
      { a: 'curl < 0:9-1' },
    ],
    ['nothing', '', {}],
  ])('has nothing to say of %s', (_, criteria, tests) =>
    expect(parse(document({ criteria, tests }))).toMatchObject({ advisories: [], records: 1 }),
  );

  const whole = document({ criteria: and(rhel, on('x', 'a')), tests: { a: 'curl < 0:9-1' } });
  const laughs = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(1000)}"><!ENTITY c "${'&b;'.repeat(1000)}">]>`;
  it.each([
    ['a cut file', whole.slice(0, -20), 'TRUNCATED'],
    ['an entity that is defined nowhere', whole.replace('é', '&laugh;'), 'SCHEMA'],
    ['entities within entities', whole.replace('<oval', `${laughs}<oval`).replace('é', '&c;'), 'SCHEMA'],
    ['a file to be fetched', whole.replace('<oval', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><oval'), 'SCHEMA'],
    ['another root', whole.replaceAll('oval_definitions', 'html'), 'SCHEMA'],
    ['elements that do not close', whole.replace('</metadata>', ''), 'SCHEMA'],
    ['elements without end', whole.replace('é', '<a>'.repeat(50_000)), 'SCHEMA'],
    ['bytes of another encoding', whole.replace('é', '\u0000'), 'NOT_TEXT'],
    ['a list of no definitions', '<oval_definitions></oval_definitions>', 'TRUNCATED'],
  ])('refuses %s', (_, text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'FeedError', code }));
  });
});

describe('oracle-oval', () => {
  const erratum = (version: string, arch = 'x86_64') =>
    parse(
      document({
        kind: 'patch',
        metadata: `<reference source="elsa" ref_id="ELSA-2025-0001"/>${cve}`,
        criteria: and(
          on('Oracle Linux 8 is installed'),
          and(on(`Oracle Linux arch is ${arch}`), or(and(on('x', 'a'), on('x', 'key')))),
        ),
        tests: { a: `bash < ${version}`, key: 'bash key' },
      }),
      'oracle-oval',
    );

  it('reads an erratum', () => {
    const facts = erratum('0:4.4-9.el8');
    expect(facts.advisories).toMatchObject([{ id: 'ELSA-2025-0001', affected: [{ ecosystem: 'oracle', release: '8' }] }]);
    expect(said(facts)).toEqual(['8 bash - fixed 4.4-9.el8 -']);
  });

  it.each(['2:2.28-101.0.1.ksplice1.el8', '10:1.8.3-4.el8_fips'])('leaves out %s, a build that few machines have', (version) => {
    expect(erratum(version).advisories).toEqual([]);
  });
});

describe('suse-oval', () => {
  const flaw = (product: string, text: string) =>
    parse(
      document({
        metadata:
          '<reference source="CVE" ref_id="Mitre CVE-2025-0001"/><reference source="SUSE CVE" ref_id="SUSE CVE-2025-0001"/><reference source="SUSE-SU" ref_id="SUSE-SU-2025:0001-1"/>',
        criteria: and(
          or(on(`${product} is installed`, 'r'), on('SUSE Linux Enterprise Micro 5.5 is installed', 'r')),
          or(on('curl', 'a')),
        ),
        tests: { a: text, r: 'sles-release == 15.5' },
      }),
      'suse-oval',
    );

  it.each([
    ['curl < 0:8.0-1', 'SUSE Linux Enterprise Server 15 SP5', ['15.5 curl - fixed 8.0-1 -']],
    ['curl > 0:0-0', 'SUSE Linux Enterprise Module for Basesystem 15 SP5', ['15.5 curl - affected - -']],
    ['curl == 0:0-0', 'SUSE Linux Enterprise Server 12 SP5', []],
    ['curl < 0:8.0-1', 'openSUSE Leap 15.6', ['15.6 curl - fixed 8.0-1 -']],
    ['curl < 0:8.0-1', 'SUSE Manager Proxy 4.3', []],
  ])('reads %s on %s', (text, product, expected) => {
    const facts = flaw(product, text);
    expect(said(facts)).toEqual(expected);
    expect(facts.advisories.map(({ id }) => id)).toEqual(expected.map(() => 'suse-oval:CVE-2025-0001'));
  });
});

describe('ubuntu-oval', () => {
  const jammy =
    '<extend_definition definition_ref="d" comment="Ubuntu 22.04 LTS (jammy) is installed." applicability_check="true"/>';
  const flaw = (comment: string, text = 'libcurl4', attributes = '') => {
    const criteria = and(jammy, or(`<criterion comment="${comment}" test_ref="a"${attributes}/>`));
    return parse(document({ criteria, tests: { a: text } }).replaceAll('rpminfo', 'dpkginfo'), 'ubuntu-oval');
  };

  it.each([
    [
      "curl package in jammy was vulnerable but has been fixed (note: '7.81.0-1ubuntu1.4').",
      'libcurl4 < 0:7.81.0-1ubuntu1.4',
      'fixed 7.81.0-1ubuntu1.4 -',
    ],
    ['curl package in jammy is affected and needs fixing.', 'libcurl4', 'affected - -'],
    [
      'curl package in jammy is affected, but a decision has been made to defer addressing it.',
      'libcurl4',
      'affected - postponed',
    ],
    [
      'curl package in jammy: while related to the CVE in some way, a decision has been made to ignore this issue.',
      'libcurl4',
      'affected - ignored',
    ],
    [
      'curl package in jammy: … a decision has been made to ignore this issue (end of life).',
      'libcurl4',
      'affected - end-of-life',
    ],
    [
      "The vulnerability of the 'curl' package in jammy is not known (status: 'needs-triage').",
      'libcurl4',
      'affected - undetermined',
    ],
  ])('reads %s', (comment, text, expected) => expect(said(flaw(comment, text))).toEqual([`jammy curl - ${expected}`]));

  it('has nothing to say of what is not affected', () => {
    const facts = flaw(
      'While related to the CVE in some way, the curl package in jammy is not affected.',
      'libcurl4',
      ' negate="true"',
    );
    expect(facts.advisories).toEqual([]);
  });

  it('says nothing of binary packages whose source is not named', () => {
    expect(flaw('Long Term Support', 'libcurl4 < 0:1-1').advisories).toEqual([]);
  });
});
