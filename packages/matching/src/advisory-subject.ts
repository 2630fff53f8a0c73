import { registryName } from '@vedette/ecosystems';
import { isDistribution, postureEcosystem, type EcosystemName } from '@vedette/protocol';
import { backportOrigin } from './backport.ts';
import type { InventoryElement } from './inventory-element.ts';
import { advisorySource } from './kernel.ts';

/** Package, version and release under which advisories speak of an element. */
export interface AdvisorySubject {
  readonly package: string;
  readonly version: string;
  /** That of the machine, but of a backport the one it comes from; empty in registries. */
  readonly release: string;
}

/** Distributions whose advisories name source packages; those of all others name binary packages. */
const bySource: ReadonlySet<EcosystemName> = new Set(['debian', 'ubuntu', 'alpine', 'wolfi', 'chainguard']);

export function isJudgedBySource(ecosystem: EcosystemName): boolean {
  return bySource.has(ecosystem);
}

/**
 * Under which name and version advisories speak of an element:
 *
 * - Debian and Ubuntu: its source package (`Source:` of dpkg; the version in brackets there, a binNMU's is the binary's alone).
 * - Alpine, Wolfi, Chainguard: its origin (`o:` of apk), always of the same version.
 * - AlmaLinux, Red Hat and the other rpm distributions, Arch: the package itself. One source rpm builds packages of different
 *   versions, and their advisories list every one.
 * - What a probe read: the probe, of which posture checks speak.
 * - Registries: the package itself, by its name as the registry compares names.
 */
export function advisorySubject(
  element: Pick<InventoryElement, 'ecosystem' | 'release' | 'name' | 'version' | 'source' | 'sourceVersion'>,
): AdvisorySubject {
  const { ecosystem, release, name, version } = element;
  if (ecosystem === postureEcosystem) return { package: element.source, version, release };
  if (!isDistribution(ecosystem)) return { package: registryName(ecosystem, name), version, release };
  if (!isJudgedBySource(ecosystem)) return { package: name, version, release };
  const source = advisorySource(element);
  return { package: source.source, version: source.version, release, ...backportOrigin(element, source.version) };
}
