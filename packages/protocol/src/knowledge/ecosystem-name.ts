import { z } from 'zod';

/** Distributions, and Windows: their packages are judged by release, by what the vendor itself says. */
export const distributions = [
  'debian',
  'ubuntu',
  'alpine',
  'wolfi',
  'chainguard',
  'almalinux',
  'rocky',
  'redhat',
  'oracle',
  'fedora',
  'suse',
  'opensuse',
  'amazon',
  'photon',
  'azurelinux',
  'openeuler',
  'arch',
  'windows',
] as const;

/** Package registries of languages and tools: no releases, one authority for all machines. */
export const registries = [
  'npm',
  'pypi',
  'maven',
  'go',
  'rubygems',
  'crates',
  'packagist',
  'nuget',
  'hex',
  'pub',
  'hackage',
  'cran',
  'swift',
  'conan',
  'github-actions',
  'bitnami',
] as const;

/** No packages, but what a probe of the manifest reads: it is named, valued and judged in the same way (docs/adr/0015). */
export const postureEcosystem = 'posture';

/** Whose packages an advisory speaks of. A distribution's name is its ID of os-release(5), where that is one word. */
export const EcosystemName = z.enum([...distributions, ...registries, postureEcosystem]);
export type EcosystemName = z.infer<typeof EcosystemName>;

/** Whether packages of this ecosystem belong to a release, and are judged by the distribution alone. */
export function isDistribution(name: EcosystemName): boolean {
  return distributionNames.has(name);
}

const distributionNames: ReadonlySet<string> = new Set(distributions);
