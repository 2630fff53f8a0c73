import type { Distribution, FoundPackage } from '@vedette/extractors';

interface Clue {
  readonly type: FoundPackage['type'];
  readonly name: string;
  /** ID of os-release. */
  readonly id: string;
  /** Takes VERSION_ID out of the package's version. */
  readonly version: RegExp;
}

/** Packages that every installation of a distribution has, and whose version is that of the release. */
const clues: readonly Clue[] = [
  // Ubuntu counts its base-files on after Debian's ("12ubuntu4.6"), so there the number is no release.
  { type: 'deb', name: 'base-files', id: 'debian', version: /^(\d+)(?:\.\d+)?(?:\+deb\d+u\d+)?$/ },
  { type: 'apk', name: 'alpine-release', id: 'alpine', version: /^(\d+\.\d+\.\d+)-r\d+$/ },
  { type: 'rpm', name: 'almalinux-release', id: 'almalinux', version: /^(\d+(?:\.\d+)?)-/ },
  { type: 'rpm', name: 'rocky-release', id: 'rocky', version: /^(\d+(?:\.\d+)?)-/ },
  { type: 'rpm', name: 'redhat-release', id: 'rhel', version: /^(\d+(?:\.\d+)?)-/ },
  { type: 'rpm', name: 'oraclelinux-release', id: 'ol', version: /^(?:\d+:)?(\d+(?:\.\d+)?)-/ },
  { type: 'rpm', name: 'fedora-release-common', id: 'fedora', version: /^(\d+)-/ },
  { type: 'rpm', name: 'system-release', id: 'amzn', version: /^(20\d\d)\./ },
  { type: 'rpm', name: 'sles-release', id: 'sles', version: /^(\d+\.\d+)-/ },
  { type: 'rpm', name: 'Leap-release', id: 'opensuse-leap', version: /^(\d+\.\d+)-/ },
  { type: 'rpm', name: 'openSUSE-release', id: 'opensuse-leap', version: /^(\d+\.\d+)-/ },
  { type: 'rpm', name: 'mariner-release', id: 'mariner', version: /^(\d+\.\d+)-/ },
  { type: 'rpm', name: 'azurelinux-release', id: 'azurelinux', version: /^(\d+\.\d+)-/ },
  { type: 'rpm', name: 'photon-release', id: 'photon', version: /^(\d+\.\d+)-/ },
];

/** The distribution that a database without os-release belongs to, and the package that says so; null where none does. */
export function inferDistribution(packages: readonly FoundPackage[]): { distribution: Distribution; by: string } | null {
  for (const { type, name, id, version } of clues) {
    for (const found of packages) {
      const versionId = found.type === type && found.name === name ? version.exec(found.version)?.[1] : undefined;
      if (versionId !== undefined) return { distribution: { id, versionId, codename: '' }, by: `${name} ${found.version}` };
    }
  }
  return null;
}
