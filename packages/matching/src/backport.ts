import { debianReleases } from '@vedette/ecosystems';
import type { InventoryElement } from './inventory-element.ts';

/** The package that a backport was rebuilt from. */
export interface BackportOrigin {
  readonly release: string;
  readonly version: string;
}

/**
 * Debian's backports (backports.debian.org, "Contribute": version `1.2-4~bpo12+1` for 1.2-4 rebuilt for Debian 12) are packages of the
 * next release. No advisory of the machine's own release speaks of them: its fixed versions are of an older series, so that a backport
 * would always look fixed. They are judged by the statements about the release they come from, under the version they were
 * rebuilt from, since the tilde would put them before the very version whose content they have. On a machine that was upgraded
 * since, its own release counts. Null for everything else.
 */
export function backportOrigin(element: Pick<InventoryElement, 'ecosystem' | 'release'>, version: string): BackportOrigin | null {
  if (!version.includes('~bpo')) return null;
  const [suffix, built = ''] = /~bpo(\d+)\+\d+(?:\+b\d+)?$/.exec(version) ?? [];
  if (element.ecosystem !== 'debian' || suffix === undefined) return null;
  // Until wheezy the number had the point release behind it: ~bpo70+1.
  const target = debianReleases.findIndex(({ version: number }) => number === built || `${number}0` === built);
  const own = debianReleases.findIndex(({ codename }) => codename === element.release);
  const origin = target < 0 ? null : debianReleases[Math.max(target + 1, own)];
  return origin ? { release: origin.codename, version: version.slice(0, -suffix.length) } : null;
}
