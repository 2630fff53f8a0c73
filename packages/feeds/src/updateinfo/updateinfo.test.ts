import { describe, expect, it } from 'vitest';
import { updateinfo } from './index.ts';

const update = (id: string, parts: string, release = '') =>
  `<updates><update type="security" from="x" status="final" version="1"><id>${id}</id><title>x</title><issued date="2025-03-04 17:31"/><severity>important</severity><release>${release}</release>${parts}</update></updates>`;
const references = '<references><reference href="x" id="CVE-2025-0001" type="cve"/></references>';
const rpm = (name: string, arch = 'x86_64', more = '') =>
  `<package name="${name}" epoch="1" version="2.0" release="3.amzn2" arch="${arch}"><filename>x.rpm</filename>${more}</package>`;
const packages = (...list: string[]) => `<pkglist><collection short="x">${list.join('')}</collection></pkglist>`;
const parse = (text: string, name = 'amazon') => {
  const feed = updateinfo.find((one) => one.name === name);
  if (!feed) throw new Error(`no feed ${name}`);
  return feed.parse([{ name: `${name}-updateinfo.xml`, bytes: new TextEncoder().encode(text) }], { minimumRecords: 0 });
};

describe('amazon', () => {
  it.each([
    ['ALAS2-2025-1699', '2'],
    ['ALAS2023-2025-001', '2023'],
    ['ALAS-2018-1000', '2018'],
  ])('reads %s as an update of Amazon Linux %s', (id, release) => {
    const list = packages(rpm('curl'), rpm('curl', 'aarch64'), rpm('curl', 'src'), rpm('curl-debuginfo'), rpm('libcurl'));
    const facts = parse(update(id, references + list));
    expect(facts).toMatchObject({ records: 1, problems: [] });
    const about = { ecosystem: 'amazon', release, status: 'fixed', introduced: null, fixed: '1:2.0-3.amzn2' };
    expect(facts.advisories).toEqual([
      {
        id,
        feed: 'amazon',
        published: '2025-03-04',
        vulnerabilities: ['CVE-2025-0001'],
        rating: 4,
        affected: [
          { ...about, package: 'curl' },
          { ...about, package: 'libcurl' },
        ],
      },
    ]);
  });

  it.each(['ALAS2KERNEL-5.10-2025-001', 'ALAS2DOCKER-2025-001', 'ALAS2LIVEPATCH-2025-001'])(
    'leaves out %s, as the Extras have other versions under the same names',
    (id) =>
      expect(parse(update(id, references + packages(rpm('kernel'))))).toMatchObject({ advisories: [], records: 1, problems: [] }),
  );

  it('reads the module of a collection', () => {
    const list = `<pkglist><collection><module name="nodejs" stream="20" version="1" context="x" arch="y"/>${rpm('npm')}</collection></pkglist>`;
    expect(parse(update('ALAS2023-2025-001', references + list)).advisories[0]?.affected).toMatchObject([
      { module: 'nodejs:20' },
    ]);
  });

  it.each([
    ['an update without packages', update('ALAS2-2025-001', references)],
    ['a name that is none', update('ALAS2-2025-001', references + packages(rpm('$(id)')))],
    ['a version that is none', update('ALAS2-2025-001', references + packages(rpm('curl').replace('2.0', '..$/')))],
    ['an update without a name', update('', references + packages(rpm('curl')))],
  ])('notes %s', (_, text) => expect(parse(text)).toMatchObject({ advisories: [], problems: [{ line: 1 }] }));

  it('has nothing to say of an update that names no vulnerability', () => {
    expect(parse(update('ALAS2-2025-001', packages(rpm('curl'))))).toMatchObject({ advisories: [], problems: [] });
  });
});

describe('fedora', () => {
  it('takes CVEs from the titles of bugs, and the release that the update names', () => {
    const bugs = '<references><reference id="1" type="bugzilla" title="CVE-2025-0001 CVE-2025-0002 curl: x"/></references>';
    expect(parse(update('FEDORA-2025-0a1b2c3d4e', bugs + packages(rpm('curl')), 'Fedora 43'), 'fedora').advisories).toMatchObject(
      [{ vulnerabilities: ['CVE-2025-0001', 'CVE-2025-0002'], affected: [{ ecosystem: 'fedora', release: '43' }] }],
    );
  });
});
