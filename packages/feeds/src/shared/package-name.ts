import type { EcosystemName } from '@vedette/protocol';

/**
 * A package's name as its ecosystem compares names: PyPI in lower case with one hyphen for any run of `-_.` (PEP 503), NuGet and
 * Packagist in lower case, all others as written. Null for what no ecosystem allows.
 */
export function canonicalPackageName(ecosystem: EcosystemName, name: string): string | null {
  if (name === '' || name.length > 512 || !/^[^\p{Cc}\s][^\p{Cc}]*$/u.test(name)) return null;
  if (ecosystem === 'pypi') return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
  return ecosystem === 'nuget' || ecosystem === 'packagist' || ecosystem === 'hex' ? name.toLowerCase() : name;
}
