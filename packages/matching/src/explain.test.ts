import { Reason } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { advisoryUrl, explain } from './explain.ts';
import type { InventoryElement } from './inventory-element.ts';
import { judge, type AffectedStatement } from './judge.ts';
import { dsa, openssl } from './testing/openssl-case.ts';

const linux = { ...dsa, package: 'linux', fixed: '6.1.128-1', advisory: 'DSA-5860-1' };
const kernel = {
  ...openssl,
  name: 'linux-image-6.1.0-28-amd64',
  version: '6.1.119-1',
  source: 'linux',
  sourceVersion: '6.1.119-1',
};

function reasonFor(element: InventoryElement, statement: AffectedStatement) {
  const [verdict] = judge(element, [statement]);
  if (!verdict) throw new Error('the case has no verdict');
  return explain(verdict);
}

describe('explain', () => {
  it('gives everything the protocol asks for but what only the platform knows', () => {
    const reason = reasonFor(openssl, dsa);
    expect(
      Reason.parse({ ...reason, origin: null, knowledgeVersion: 1, knowledgeAt: '2026-01-01T00:00:00Z', evidence: null }),
    ).toMatchObject(reason);
    expect(reason).toMatchObject({
      package: {
        name: 'libssl3',
        installed: '3.0.11-1~deb12u2',
        fixed: '3.0.15-1~deb12u1',
        source: 'openssl',
        advisory: 'DSA-5764-1',
      },
      comparison: { left: '3.0.11-1~deb12u2', operator: '<', right: '3.0.15-1~deb12u1' },
      verdict: 'affected',
      advisory: { id: 'DSA-5764-1', published: '2024-09-03', url: 'https://security-tracker.debian.org/tracker/DSA-5764-1' },
    });
    expect(reason.statement).not.toHaveProperty('check');
  });

  const cases = [
    [
      openssl,
      dsa,
      'libssl3 3.0.11-1~deb12u2 (source openssl) is older than 3.0.15-1~deb12u1, the first fixed version in bookworm according to DSA-5764-1.',
    ],
    [
      { ...openssl, version: '3.0.15-1~deb12u1+b1', sourceVersion: '3.0.15-1~deb12u1' },
      dsa,
      'libssl3 3.0.15-1~deb12u1+b1 (source openssl 3.0.15-1~deb12u1) is 3.0.15-1~deb12u1, the first fixed version in bookworm according to DSA-5764-1.',
    ],
    [
      { ...openssl, version: '3.0.17-1~deb12u1', sourceVersion: '3.0.17-1~deb12u1' },
      dsa,
      'libssl3 3.0.17-1~deb12u1 (source openssl) is newer than 3.0.15-1~deb12u1, the first fixed version in bookworm according to DSA-5764-1.',
    ],
    [
      openssl,
      { ...dsa, introduced: '3.0.12' },
      'libssl3 3.0.11-1~deb12u2 (source openssl) is older than 3.0.12, the first affected version in bookworm according to DSA-5764-1.',
    ],
    [
      openssl,
      { ...dsa, status: 'affected', fixed: null },
      'libssl3 3.0.11-1~deb12u2 (source openssl) is affected, and bookworm has no fix yet according to DSA-5764-1.',
    ],
    [
      openssl,
      { ...dsa, status: 'not-affected', fixed: null },
      'libssl3 3.0.11-1~deb12u2 (source openssl) is not affected in bookworm according to DSA-5764-1.',
    ],
    [
      { ...kernel, role: 'running' },
      linux,
      'The running kernel linux-image-6.1.0-28-amd64 6.1.119-1 (source linux) is older than 6.1.128-1, the first fixed version in bookworm according to DSA-5860-1.',
    ],
    [
      { ...kernel, source: 'linux-signed-amd64', sourceVersion: '6.1.119+1', role: 'dormant' },
      linux,
      'linux-image-6.1.0-28-amd64 6.1.119-1 (source linux) is older than 6.1.128-1, the first fixed version in bookworm according to DSA-5860-1 (this kernel is installed but does not run).',
    ],
    [
      { ...kernel, name: 'linux-libc-dev' },
      linux,
      "linux-libc-dev 6.1.119-1 (source linux) is older than 6.1.128-1, the first fixed version in bookworm according to DSA-5860-1 (built from the kernel's sources, but linux-libc-dev holds no code that runs in the kernel).",
    ],
  ] as const;
  it.each(cases.map(([element, statement, sentence]) => ({ element, statement, sentence })))(
    '$sentence',
    ({ element, statement, sentence }) => {
      expect(reasonFor(element, statement).sentence).toBe(sentence);
    },
  );
});

describe('advisoryUrl', () => {
  it.each([
    ['DSA-5764-1', 'https://security-tracker.debian.org/tracker/DSA-5764-1'],
    ['DLA-4037-1', 'https://security-tracker.debian.org/tracker/DLA-4037-1'],
    ['DSA-5764', 'https://security-tracker.debian.org/tracker/DSA-5764'],
    ['debian-changelog:vim:2:9.0.1378-2', 'https://snapshot.debian.org/package/vim/2%3A9.0.1378-2/'],
    ['debian-changelog:foo:1/../../evil?x#y', 'https://snapshot.debian.org/package/foo/1%2F..%2F..%2Fevil%3Fx%23y/'],
    ['DSA-1-1/../../evil', null],
    ['GHSA-aaaa-bbbb-cccc', 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc'],
    ['ubuntu-cve-tracker:CVE-2025-0001', 'https://ubuntu.com/security/CVE-2025-0001'],
    ['debian-tracker:TEMP-0841856-B18BAF', 'https://security-tracker.debian.org/tracker/TEMP-0841856-B18BAF'],
    ['redhat-csaf-vex:CVE-2025-0001', 'https://access.redhat.com/security/cve/CVE-2025-0001'],
    ['suse-oval:CVE-2025-0001', 'https://www.suse.com/security/cve/CVE-2025-0001'],
    ['msrc:CVE-2025-0001', 'https://msrc.microsoft.com/update-guide/vulnerability/CVE-2025-0001'],
    ['ALSA-2021:2363', 'https://osv.dev/vulnerability/ALSA-2021%3A2363'],
    ['GHSA-aaaa-bbbb-cccc/..', null],
    ['debian-changelog:../evil:1', null],
    ['javascript:alert(1)', null],
    ['', null],
  ])('of %j is %s', (id, url) => {
    expect(advisoryUrl(id)).toBe(url);
  });
});
