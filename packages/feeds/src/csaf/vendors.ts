import type { EcosystemName } from '@vedette/protocol';
import type { Product } from './product-tree.ts';

export interface VendorRelease {
  readonly ecosystem: EcosystemName;
  readonly release: string;
}

/** Who publishes the documents, and which of its products are releases that a machine can name as its own. */
export interface CsafVendor {
  /** Who scored, in `Cvss.source`. */
  readonly name: string;
  /** Of `document.publisher.namespace`. */
  readonly namespace: RegExp;
  /** Null for a product that is no release of a distribution, or one with other packages than the release as such has. */
  readonly releaseOf: (product: Product) => VendorRelease | null;
}

/**
 * Enterprise Linux by its CPE. Update services for older minor versions (rhel_eus, rhel_aus, rhel_els …) are products of their own:
 * a machine does not say that it has one, and their fixes have lower versions than those of the current minor version.
 */
export const redhat: CsafVendor = {
  name: 'redhat',
  namespace: /^https:\/\/(?:www\.|access\.)?redhat\.com\/?$/,
  releaseOf: ({ cpe }) => {
    const major = /^cpe:\/[ao]:redhat:enterprise_linux:(\d{1,2})(?:\.\d{1,2})?(?:$|:)/.exec(cpe ?? '')?.[1];
    return major === undefined ? null : { ecosystem: 'redhat', release: major };
  },
};

/**
 * By the name of the product, which tells the service pack. Modules belong to the servers and desktops of their service pack; so do
 * the servers for SAP and those of long-term support, which get the same packages for longer. SLE Micro, real-time and
 * public-cloud products are others.
 */
export const suse: CsafVendor = {
  name: 'suse',
  namespace: /^https:\/\/(?:www\.)?suse\.com\/?$/,
  releaseOf: ({ name }) => {
    if (name === 'openSUSE Tumbleweed') return { ecosystem: 'opensuse', release: 'tumbleweed' };
    const leap = /^openSUSE Leap (\d{2}\.\d)$/.exec(name)?.[1];
    if (leap !== undefined) return { ecosystem: 'opensuse', release: leap };
    const [, version, pack] =
      /^SUSE Linux Enterprise (?:Server|Desktop|Server for SAP Applications|Module for [A-Za-z0-9 ,&-]{1,60}) (\d{2})(?: SP(\d))?(?:-LTSS)?$/.exec(
        name,
      ) ?? [];
    if (version === undefined || /Module for (?:Public Cloud|Live Patching)/.test(name)) return null;
    return { ecosystem: 'suse', release: pack === undefined ? version : `${version}.${pack}` };
  },
};
