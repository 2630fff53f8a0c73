import type { Ecosystem } from '../ecosystem.ts';
import { compareWindowsVersions, windowsVersionKey } from './version.ts';

/** File versions and builds of Windows. */
export const windows: Ecosystem = {
  name: 'windows',
  aliases: ['fileversion', 'windowsbuild', 'windowsfile', 'windowsfileversion'],
  versionOrder: 'four numbers (VS_FIXEDFILEINFO)',
  compareVersions: compareWindowsVersions,
  versionKey: windowsVersionKey,
};
