import { suseRelease, type EcosystemRelease } from '../shared/suse-product.ts';
import type { Product } from './product-tree.ts';

/** Who publishes the documents, and which of its products are releases that a machine can name as its own. */
export interface CsafVendor {
  /** Who scored, in `Cvss.source`. */
  readonly name: string;
  /** Of `document.publisher.namespace`. */
  readonly namespace: RegExp;
  /** Null for a product that is no release of a distribution, or one with other packages than the release as such has. */
  readonly releaseOf: (product: Product) => EcosystemRelease | null;
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

/** By the name of the product, which tells the service pack. */
export const suse: CsafVendor = {
  name: 'suse',
  namespace: /^https:\/\/(?:www\.)?suse\.com\/?$/,
  releaseOf: ({ name }) => suseRelease(name),
};
