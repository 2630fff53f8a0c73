import type { EcosystemName } from '@vedette/protocol';
import type { InventoryElement } from './inventory-element.ts';
import { advisorySource } from './kernel.ts';

/** A package, and its version, under which advisories speak of an element. */
export interface AdvisorySubject {
  readonly package: string;
  readonly version: string;
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
 * - AlmaLinux, Red Hat and the other rpm distributions, Arch, and registries: the package itself. One source rpm builds packages
 *   of different versions, and their advisories list every one.
 */
export function advisorySubject(
  element: Pick<InventoryElement, 'ecosystem' | 'name' | 'version' | 'source' | 'sourceVersion'>,
): AdvisorySubject {
  if (!isJudgedBySource(element.ecosystem)) return { package: element.name, version: element.version };
  const { source, version } = advisorySource(element);
  return { package: source, version };
}
