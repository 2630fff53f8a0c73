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
    ['sles', '16.0', '', 'suse', '16.0'],
    ['sles_sap', '15.4', '', 'suse', '15.4'],
    ['sled', '12.5', '', 'suse', '12.5'],
    ['opensuse-leap', '15.6', '', 'opensuse', '15.6'],
    ['opensuse-tumbleweed', '20240101', '', 'opensuse', 'tumbleweed'],
    ['amzn', '2023', '', 'amazon', '2023'],
    ['amzn', '2', '', 'amazon', '2'],
    ['amzn', '2018.03', '', 'amazon', '2018'],
    ['rhel', '10.0', '', 'redhat', '10'],
    ['ol', '8.10', '', 'oracle', '8'],
    ['fedora', '43', '', 'fedora', '43'],
    ['wolfi', '20230201', '', 'wolfi', ''],
    ['chainguard', '20230214', '', 'chainguard', ''],
    ['azurelinux', '3.0.20250102', '', 'azurelinux', '3.0'],
    ['photon', '5.0', '', 'photon', '5.0'],
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
