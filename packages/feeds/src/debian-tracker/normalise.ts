import type { Affected, VendorState } from '@vedette/protocol';
import { isVersion } from '../shared/identifiers.ts';
import type { ReleaseEntry } from './schema.ts';

/**
 * The statement of a release of the tracker; null for one that cannot be.
 *
 * `fixed_version` "0" is the tracker's way to say that the package of this release never had the flaw. Without a fix every version
 * is affected; what the vendor has decided about it comes along: "unimportant" also where a fix is known, as the flaw does no harm
 * before it either.
 */
export function statementOf(release: string, name: string, entry: ReleaseEntry): Affected | null {
  const about = { ecosystem: 'debian', release, package: name, introduced: null } as const;
  const vendorState = stateOf(entry);
  if (entry.status === 'resolved') {
    const fixed = entry.fixed_version ?? '';
    if (fixed === '0') return { ...about, status: 'not-affected', fixed: null };
    if (!isVersion(fixed)) return null;
    return { ...about, status: 'fixed', fixed, ...(vendorState === 'unimportant' ? { vendorState } : {}) };
  }
  return { ...about, status: 'affected', fixed: null, ...(vendorState ? { vendorState } : {}) };
}

/** The state that says most: what makes the flaw no matter of weight before what was decided about a fix. */
function stateOf({ status, urgency, nodsa, nodsa_reason: reason }: ReleaseEntry): VendorState | null {
  if (urgency === 'unimportant') return 'unimportant';
  if (status === 'undetermined') return 'undetermined';
  if (urgency === 'end-of-life') return 'end-of-life';
  if (reason === 'ignored' || reason === 'postponed') return reason;
  return nodsa === undefined ? null : 'no-dsa';
}
