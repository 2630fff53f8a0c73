import type { Ecosystem } from '../ecosystem.ts';
import { comparePubVersions, pubVersionKey } from './version.ts';

/** Dart and Flutter packages. */
export const pub: Ecosystem = {
  name: 'pub',
  aliases: ['dart', 'flutter'],
  versionOrder: 'Dart (pub_semver)',
  compareVersions: comparePubVersions,
  versionKey: pubVersionKey,
};
