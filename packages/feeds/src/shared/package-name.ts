import { registryName } from '@vedette/ecosystems';
import type { EcosystemName } from '@vedette/protocol';

/** A package's name as its ecosystem compares names (registryName); null for what no ecosystem allows. */
export function canonicalPackageName(ecosystem: EcosystemName, name: string): string | null {
  if (name === '' || name.length > 512 || !/^[^\p{Cc}\s][^\p{Cc}]*$/u.test(name)) return null;
  return registryName(ecosystem, name);
}
