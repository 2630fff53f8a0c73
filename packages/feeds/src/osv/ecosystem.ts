import { debianReleases, ubuntuCodenames } from '@vedette/ecosystems';
import type { EcosystemName } from '@vedette/protocol';
import { suseRelease, type EcosystemRelease } from '../shared/suse-product.ts';

/** Names of the OSV schema's list of ecosystems. */
export const osvEcosystems: ReadonlyMap<string, EcosystemName> = new Map([
  ['Debian', 'debian'],
  ['Ubuntu', 'ubuntu'],
  ['Alpine', 'alpine'],
  ['Wolfi', 'wolfi'],
  ['Chainguard', 'chainguard'],
  ['AlmaLinux', 'almalinux'],
  ['Rocky Linux', 'rocky'],
  ['Red Hat', 'redhat'],
  ['SUSE', 'suse'],
  ['openSUSE', 'opensuse'],
  ['openEuler', 'openeuler'],
  ['Photon OS', 'photon'],
  ['Azure Linux', 'azurelinux'],
  ['npm', 'npm'],
  ['PyPI', 'pypi'],
  ['Maven', 'maven'],
  ['Go', 'go'],
  ['RubyGems', 'rubygems'],
  ['crates.io', 'crates'],
  ['Packagist', 'packagist'],
  ['NuGet', 'nuget'],
  ['Hex', 'hex'],
  ['Pub', 'pub'],
  ['Hackage', 'hackage'],
  ['CRAN', 'cran'],
  ['SwiftURL', 'swift'],
  ['ConanCenter', 'conan'],
  ['GitHub Actions', 'github-actions'],
  ['Bitnami', 'bitnami'],
]);

const debianCodenames = new Map(debianReleases.map((release) => [release.version, release.codename]));

/**
 * Ecosystem and release of an OSV `package.ecosystem`: `AlmaLinux:9`, `Debian:12`, `Ubuntu:Pro:22.04:LTS`, `Alpine:v3.20`, `PyPI`.
 * The release is spelt as the distribution's own files spell it; `''` for registries, and for a distribution without releases.
 * Null where Vedette does not know the ecosystem, or the release by its own name.
 */
export function ecosystemOf(text: string): EcosystemRelease | null {
  const [name = '', ...rest] = text.split(':');
  const ecosystem = osvEcosystems.get(name);
  if (ecosystem === undefined) return null;
  const release = releaseOf(ecosystem, name, rest);
  return release === null ? null : { ecosystem, release };
}

function releaseOf(ecosystem: EcosystemName, name: string, parts: readonly string[]): string | null {
  const [first = ''] = parts;
  if (ecosystem === 'debian') return debianCodenames.get(first) ?? null;
  if (ecosystem === 'ubuntu') return ubuntuCodenames.get(parts.find((part) => /^\d\d\.\d\d$/.test(part)) ?? '') ?? null;
  if (ecosystem === 'alpine') return first.replace(/^v/, '');
  // enterprise_linux:9::appstream
  if (ecosystem === 'redhat') return /^enterprise_linux$/.test(first) ? (/^\d+/.exec(parts[1] ?? '')?.[0] ?? null) : null;
  // openSUSE:Leap 15.6, SUSE:Linux Enterprise Server 15 SP5
  if (ecosystem === 'suse' || ecosystem === 'opensuse') return suseRelease(`${name} ${first}`)?.release ?? null;
  // Azure Linux:3; the system calls itself 3.0.
  return ecosystem === 'azurelinux' && /^\d+$/.test(first) ? `${first}.0` : first;
}
