import type { Ecosystem } from '../ecosystem.ts';
import { alpmVersionKey, compareAlpmVersions } from './version.ts';

/** Arch Linux and its package manager pacman. */
export const alpm: Ecosystem = {
  name: 'alpm',
  aliases: ['arch', 'archlinux', 'manjaro', 'pacman', 'vercmp'],
  versionOrder: 'pacman (vercmp(8))',
  compareVersions: compareAlpmVersions,
  versionKey: alpmVersionKey,
};
