import { releaseOf } from '@vedette/ecosystems';
import { osTypes, type Distribution, type FoundPackage } from '@vedette/extractors';
import type { InventoryElement } from '@vedette/matching';
import { EcosystemName } from '@vedette/protocol';

/** Registries by the type words of package URLs. */
const registries: ReadonlyMap<FoundPackage['type'], EcosystemName> = new Map([
  ['npm', 'npm'],
  ['pypi', 'pypi'],
  ['golang', 'go'],
  ['cargo', 'crates'],
  ['gem', 'rubygems'],
  ['composer', 'packagist'],
  ['nuget', 'nuget'],
  ['maven', 'maven'],
  ['bitnami', 'bitnami'],
  ['hex', 'hex'],
  ['pub', 'pub'],
  ['swift', 'swift'],
] satisfies [FoundPackage['type'], EcosystemName][]);

/** The element that the matching room judges; null where no distribution is known whose packages these are. */
export function toElement(found: FoundPackage, target: Distribution | null): InventoryElement | null {
  const { name, version, architecture, source, sourceVersion } = found;
  const element = { name, version, architecture, source, sourceVersion, module: found.module || null };
  if (!osTypes.has(found.type)) {
    const ecosystem = registries.get(found.type);
    return ecosystem ? { ...element, ecosystem, release: '', role: 'installed' } : null;
  }
  const distribution = distributionOf(found, target);
  const known = distribution && releaseOf(distribution);
  const ecosystem = EcosystemName.safeParse(known?.ecosystem);
  if (!known || !ecosystem.success) return null;
  return { ...element, ecosystem: ecosystem.data, release: known.release, role: 'installed' };
}

/** What a purl says of a package goes before what is known of the whole, unless it names only the vendor. */
export function distributionOf(found: FoundPackage, target: Distribution | null): Distribution | null {
  const own = found.distribution;
  if (!own) return target;
  if (own.versionId !== '' || own.codename !== '') return own;
  return target && (own.id === target.id || own.id === '') ? target : own;
}
