import { describe, expect, it } from 'vitest';
import { rocky } from './index.ts';

const erratum = (more: object) => ({
  type: 'TYPE_SECURITY',
  name: 'RLSA-2025:0001',
  synopsis: 'Important: curl security update',
  severity: 'SEVERITY_IMPORTANT',
  publishedAt: '2025-03-04T00:00:00Z',
  cves: [{ name: 'CVE-2025-0001', cvss3BaseScore: '7.5' }],
  rpms: { 'Rocky Linux 9': { nvras: ['curl-0:7.76.1-29.el9.x86_64.rpm'] } },
  ...more,
});
const parse = (...errata: unknown[]) =>
  rocky.parse(
    [{ name: 'rocky-errata-1.json', bytes: new TextEncoder().encode(JSON.stringify({ advisories: errata, total: '1' })) }],
    {
      minimumRecords: 0,
    },
  );

describe('rocky', () => {
  it('reads an erratum: one statement for a package, whatever its architectures', () => {
    const nvras = [
      'curl-0:7.76.1-29.el9.x86_64.rpm',
      'curl-0:7.76.1-29.el9.aarch64.rpm',
      'curl-0:7.76.1-29.el9.src.rpm',
      'curl-debuginfo-0:7.76.1-29.el9.x86_64.rpm',
    ];
    expect(parse(erratum({ rpms: { 'Rocky Linux 9': { nvras }, 'Rocky Linux 9 aarch64': { nvras } } }))).toMatchObject({
      records: 1,
      problems: [],
      advisories: [
        {
          id: 'RLSA-2025:0001',
          published: '2025-03-04',
          rating: 4,
          vulnerabilities: ['CVE-2025-0001'],
          affected: [{ ecosystem: 'rocky', release: '9', package: 'curl', status: 'fixed', fixed: '7.76.1-29.el9' }],
        },
      ],
    });
  });

  it('takes the stream of a module from the title', () => {
    const rpms = { 'Rocky Linux 8': { nvras: ['ruby-0:2.6.7-107.module+el8.5.0+738+032c9c02.x86_64.rpm'] } };
    const facts = parse(erratum({ synopsis: 'Important: ruby:2.6 security update', rpms }));
    expect(facts.advisories[0]?.affected).toMatchObject([{ module: 'ruby:2.6' }]);
  });

  it.each([
    ['a special interest group', { rpms: { 'Rocky Linux SIG Cloud 9': { nvras: ['kernel-0:5-1.x86_64.rpm'] } } }],
    ['an update that names no CVE', { name: 'RLBA-2025:0001', cves: [] }],
    ['a file name that is none', { rpms: { 'Rocky Linux 9': { nvras: ['../etc/passwd'] } } }],
  ])('leaves out and counts %s', (_, more) => {
    const facts = parse(erratum(more));
    expect(facts).toMatchObject({ advisories: [], records: 1, problems: [] });
    expect(facts.leftOut?.size).toBeGreaterThan(0);
  });

  it('notes an erratum of another form', () => {
    expect(parse(erratum({}), erratum({ name: '<script>' }), 7)).toMatchObject({
      records: 1,
      problems: [{ line: 2 }, { line: 3 }],
    });
  });
});
