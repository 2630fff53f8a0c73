import type { VendorState } from '@vedette/protocol';
import type { ElementConfidence } from './kernel.ts';

const informing: Partial<Record<VendorState, string>> = {
  unimportant: 'the vendor calls it unimportant: the flaw does no harm as the package is built or used',
  undetermined: 'the vendor has not yet determined whether the package is affected',
};

/**
 * What a vendor's state does to the confidence of a verdict; null where it does nothing. "no-dsa", "postponed", "ignored" and
 * "end-of-life" say that the package is affected and why no fix came: such a verdict stays confirmed and shows the state.
 */
export function vendorStateConfidence(state: VendorState | null | undefined): ElementConfidence | null {
  const reason = state ? informing[state] : undefined;
  return reason === undefined ? null : { confidence: 'information', reason };
}
