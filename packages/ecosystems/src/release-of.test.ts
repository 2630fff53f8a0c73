import { describe, expect, it } from 'vitest';
import { releaseOf } from './release-of.ts';

describe('releaseOf', () => {
  it.each([
    ['debian', '12', 'bookworm', 'debian', 'bookworm'],
    ['debian', '', 'trixie', 'debian', 'trixie'],
    ['ubuntu', '22.04', 'jammy', 'ubuntu', 'jammy'],
    ['ubuntu', '22.04.3', '', 'ubuntu', 'jammy'],
    ['ubuntu', '', 'focal', 'ubuntu', 'focal'],
    ['alpine', '3.19.1', '', 'alpine', '3.19'],
    ['alpine', '3.21.0_alpha20240606', '', 'alpine', 'edge'],
    ['almalinux', '9.3', '', 'almalinux', '9'],
    ['rocky', '8.9', '', 'rocky', '8'],
    ['rhel', '9.2', '', 'redhat', '9'],
    ['sles', '15.5', '', 'suse', '15.5'],
    ['sles', '15', '', 'suse', '15'],
    ['opensuse-leap', '15.6', '', 'opensuse', '15.6'],
    ['opensuse-tumbleweed', '20240101', '', 'opensuse', 'tumbleweed'],
    ['amzn', '2023', '', 'amazon', '2023'],
    ['wolfi', '20230201', '', 'wolfi', ''],
    ['mariner', '2.0', '', 'azurelinux', '2.0'],
  ])('%s %s %s is %s %s', (...[id, versionId, codename, ecosystem, release]) => {
    expect(releaseOf({ id, versionId, codename })).toEqual({ ecosystem, release });
  });

  it.each([
    ['a derived distribution', 'linuxmint', '21', 'vanessa'],
    ['contradicting names', 'ubuntu', '22.04', 'focal'],
    ['no version', 'almalinux', '', ''],
    ['a version that is none', 'alpine', '3', ''],
    ['an inherited name of the language', 'constructor', '1', ''],
  ])('knows nothing of %s', (_, id, versionId, codename) => {
    expect(releaseOf({ id, versionId, codename })).toBeNull();
  });
});
