import type { Ecosystem } from '../ecosystem.ts';
import { compareHackageVersions, hackageVersionKey } from './version.ts';

/** Haskell packages. */
export const hackage: Ecosystem = {
  name: 'hackage',
  aliases: ['cabal', 'ghc', 'haskell'],
  versionOrder: 'Data.Version (Package Versioning Policy)',
  compareVersions: compareHackageVersions,
  versionKey: hackageVersionKey,
};
