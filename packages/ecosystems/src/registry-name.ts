import type { EcosystemName } from '@vedette/protocol';

/**
 * A package's name as its registry compares names: PyPI in lower case with one hyphen for any run of `-_.` (PyPA specification "Names and
 * normalization"), NuGet, Packagist and Hex in lower case, all others as written.
 */
export function registryName(ecosystem: EcosystemName, name: string): string {
  if (ecosystem === 'pypi') return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
  return ecosystem === 'nuget' || ecosystem === 'packagist' || ecosystem === 'hex' ? name.toLowerCase() : name;
}
