import type { VendorState } from '@vedette/protocol';
import type { Confidence } from './confidence.ts';

const lowering: Partial<Record<VendorState, Confidence>> = {
  unimportant: {
    confidence: 'information',
    reason: 'the vendor calls it unimportant: the flaw does no harm as the package is built or used',
  },
  undetermined: { confidence: 'potential', reason: 'the vendor has not yet determined whether the package is affected' },
};

/**
 * What a vendor's state does to the confidence of a verdict; null where it does nothing. "no-dsa", "postponed", "ignored" and
 * "end-of-life" say that the package is affected and why no fix came: such a verdict stays confirmed and shows the state.
 * "undetermined" (Ubuntu's needs-triage, "under investigation" of VEX documents) is potential: the package is there, and whether it is
 * affected is still open.
 */
export function vendorStateConfidence(state: VendorState | null | undefined): Confidence | null {
  return (state ? lowering[state] : undefined) ?? null;
}
