import type { Ecosystem } from '../ecosystem.ts';
import { bitnamiVersionKey, compareBitnamiVersions } from './version.ts';

/** Bitnami’s packages of server applications. */
export const bitnami: Ecosystem = {
  name: 'bitnami',
  aliases: [],
  versionOrder: 'semver.org 2.0.0 without the revision of the packaging',
  compareVersions: compareBitnamiVersions,
  versionKey: bitnamiVersionKey,
};
