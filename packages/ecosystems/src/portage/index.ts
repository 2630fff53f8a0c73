import type { Ecosystem } from '../ecosystem.ts';
import { comparePortageVersions, portageVersionKey } from './version.ts';

/** Gentoo and its package manager Portage. */
export const portage: Ecosystem = {
  name: 'portage',
  aliases: ['ebuild', 'gentoo', 'gentoolinux'],
  versionOrder: 'Package Manager Specification, section 3.3',
  compareVersions: comparePortageVersions,
  versionKey: portageVersionKey,
};
