import { alpm } from './alpm/index.ts';
import { apk } from './apk/index.ts';
import { bitnami } from './bitnami/index.ts';
import { cran } from './cran/index.ts';
import { debian } from './debian/index.ts';
import type { Ecosystem, EcosystemName } from './ecosystem.ts';
import { go } from './go/index.ts';
import { hackage } from './hackage/index.ts';
import { kernel } from './kernel/index.ts';
import { maven } from './maven/index.ts';
import { nuget } from './nuget/index.ts';
import { packagist } from './packagist/index.ts';
import { portage } from './portage/index.ts';
import { pub } from './pub/index.ts';
import { pypi } from './pypi/index.ts';
import { rpm } from './rpm/index.ts';
import { rubygems } from './rubygems/index.ts';
import { semver } from './semver/index.ts';
import { windows } from './windows/index.ts';

/** Every ecosystem, by name; each is the folder of that name. */
export const ecosystems: Readonly<Record<EcosystemName, Ecosystem>> = {
  alpm,
  apk,
  bitnami,
  cran,
  debian,
  go,
  hackage,
  kernel,
  maven,
  nuget,
  packagist,
  portage,
  pub,
  pypi,
  rpm,
  rubygems,
  semver,
  windows,
};

const byName: ReadonlyMap<string, Ecosystem> = new Map(
  Object.values(ecosystems).flatMap((one) => [one.name, ...one.aliases].map((name) => [name, one] as const)),
);

/** Every name that findEcosystem knows, in its plain form. */
export const ecosystemNames: readonly string[] = [...byName.keys()].toSorted();

/**
 * The ecosystem that a name means, in any case and with or without blanks, hyphens and a release: "Debian:12", "Red Hat",
 * "crates.io", "npm". undefined where nobody knows it.
 */
export function findEcosystem(name: string): Ecosystem | undefined {
  // Asked for every comparison of versions, nearly always by its very name.
  const known = byName.get(name);
  if (known) return known;
  const plain = name.split(':', 1)[0] ?? '';
  return byName.get(plain.toLowerCase().replaceAll(/[ _-]/g, ''));
}
