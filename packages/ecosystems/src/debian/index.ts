import type { Ecosystem } from '../ecosystem.ts';
import { parseDpkgStatus } from './status-file.ts';
import { debianVersionKey } from './version-key.ts';
import { compareDebianVersions } from './version.ts';

/** Debian and its package manager dpkg. */
export const debian: Ecosystem = {
  name: 'debian',
  aliases: ['deb', 'devuan', 'dpkg', 'echo', 'kali', 'linuxmint', 'raspbian', 'ubuntu'],
  versionOrder: 'dpkg (deb-version(7))',
  compareVersions: compareDebianVersions,
  versionKey: debianVersionKey,
  parseDatabase: (content) => parseDpkgStatus(content),
};
