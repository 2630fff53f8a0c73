import type { Ecosystem } from '../ecosystem.ts';
import { compareGoVersions, goVersionKey } from './version.ts';

/** Go modules, the standard library and the toolchain. */
export const go: Ecosystem = {
  name: 'go',
  aliases: ['golang', 'gomod', 'stdlib', 'toolchain'],
  versionOrder: 'golang.org/x/mod/semver',
  compareVersions: compareGoVersions,
  versionKey: goVersionKey,
};
