import type { CheckAffected } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { checkReferences } from './check-references.ts';
import { dsaStatement } from './testing/openssl-case.ts';

const statement = (change: Partial<CheckAffected>): CheckAffected => ({ ...dsaStatement, ...change });
const check = { name: 'CVE-2024-5535', aliases: ['DSA-5764-1', 'GHSA-aaaa-bbbb-cccc', 'unknown:name'], kevSince: null };

describe('checkReferences', () => {
  it('names the record, the vendors that state something, and each advisory once', () => {
    const affected = [statement({}), statement({ release: 'trixie' }), statement({ ecosystem: 'ubuntu', advisory: 'USN-1-1' })];
    expect(checkReferences({ ...check, affected }).map(({ name, url }) => `${name} ${url}`)).toEqual([
      'CVE record https://www.cve.org/CVERecord?id=CVE-2024-5535',
      'NVD https://nvd.nist.gov/vuln/detail/CVE-2024-5535',
      'Debian security tracker https://security-tracker.debian.org/tracker/CVE-2024-5535',
      'Ubuntu https://ubuntu.com/security/CVE-2024-5535',
      'DSA-5764-1 https://security-tracker.debian.org/tracker/DSA-5764-1',
      'GHSA-aaaa-bbbb-cccc https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
      'USN-1-1 https://osv.dev/vulnerability/USN-1-1',
    ]);
  });

  it('names the catalogue of exploited vulnerabilities where it lists the check', () => {
    const urls = checkReferences({ ...check, aliases: [], kevSince: '2026-01-01', affected: [] }).map(({ url }) => url);
    expect(urls.at(-1)).toMatch(/^https:\/\/www\.cisa\.gov\/.*CVE-2024-5535$/);
  });

  it.each(['CVE-2024-5535"><script>', 'x', ''])('makes no address of the name %j', (name) => {
    expect(checkReferences({ ...check, name, aliases: [], affected: [] })).toEqual([]);
  });
});
