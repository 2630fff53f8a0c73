import type { EcosystemName } from '@vedette/protocol';

export interface EcosystemRelease {
  readonly ecosystem: EcosystemName;
  readonly release: string;
}

/**
 * The release that a SUSE product's name means: the service pack of SUSE Linux Enterprise, or of openSUSE. Modules belong to the
 * servers and desktops of their service pack; so do the servers for SAP and those of long-term support, which get the same packages
 * for longer. Null for SLE Micro, real-time, public-cloud and all other products.
 */
export function suseRelease(product: string): EcosystemRelease | null {
  if (product === 'openSUSE Tumbleweed') return { ecosystem: 'opensuse', release: 'tumbleweed' };
  const leap = /^openSUSE Leap (\d{2}\.\d)$/.exec(product)?.[1];
  if (leap !== undefined) return { ecosystem: 'opensuse', release: leap };
  const [, version, minor, pack = minor] =
    /^SUSE Linux Enterprise (?:Server|Desktop|Server for SAP Applications|Module for [A-Za-z0-9 ,&-]{1,60}) (\d{2})(?:\.(\d))?(?: SP(\d))?(?:-LTSS)?$/.exec(
      product,
    ) ?? [];
  if (version === undefined || /Module for (?:Public Cloud|Live Patching)/.test(product)) return null;
  return { ecosystem: 'suse', release: pack === undefined ? version : `${version}.${pack}` };
}
