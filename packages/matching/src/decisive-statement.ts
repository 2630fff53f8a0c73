import { ecosystems, VersionError } from '@vedette/ecosystems';
import type { CheckAffected } from '@vedette/protocol';

/** Feeds that infer from what a package says of itself; an authority's own word on the same matter goes before them. */
const inferringFeeds = new Set(['debian-changelog']);

/**
 * Of all that is said about one vulnerability in one source package of one release, the statement that decides:
 *
 * 1. An advisory of the vendor before a changelog. Changelogs repeat names later on (glibc 2.36-9+deb12u5 names
 *    CVE-2023-4911 again, fixed in deb12u3), so they speak only where no advisory does.
 * 2. Among advisories: "no fix yet" before any fix, and the highest fixed version before a lower one. So does Debian's security
 *    tracker when several DSA or DLA name the same CVE: a second advisory (DSA-5576-2, a later DLA) exists because the first
 *    fix was not complete. "not affected" gives way to both.
 * 3. Among changelogs: the lowest version, the first entry that names the vulnerability.
 * 4. Then the earlier published, then the lower advisory name, so that the choice never depends on the order of arrival.
 *
 * A fixed version that is no version of its ecosystem never decides while another statement can. Returns null for none at all.
 */
export function decisiveStatement<Statement extends CheckAffected>(statements: readonly Statement[]): Statement | null {
  const usable = statements.filter(isUsable);
  const vendor = usable.filter((statement) => !inferringFeeds.has(statement.feed));
  const candidates = vendor.length > 0 ? vendor : usable;
  return candidates.reduce<Statement | null>((best, next) => (best === null || precedes(next, best) ? next : best), null);
}

/** False for a statement whose versions cannot be compared; such a one proves nothing. */
function isUsable(statement: CheckAffected): boolean {
  const { compareVersions } = ecosystems[statement.ecosystem];
  if (statement.status === 'fixed' && statement.fixed === null) return false;
  return [statement.introduced, statement.fixed].every((version) => version === null || isVersion(version, compareVersions));
}

function precedes(a: CheckAffected, b: CheckAffected): boolean {
  const rank = { affected: 0, fixed: 1, 'not-affected': 2 } as const;
  if (a.status !== b.status) return rank[a.status] < rank[b.status];
  if (a.fixed !== null && b.fixed !== null) {
    const order = ecosystems[a.ecosystem].compareVersions(a.fixed, b.fixed);
    if (order !== 0) return inferringFeeds.has(a.feed) ? order < 0 : order > 0;
  }
  const dateA = a.published ?? '9999';
  const dateB = b.published ?? '9999';
  return dateA === dateB ? a.advisory < b.advisory : dateA < dateB;
}

function isVersion(version: string, compareVersions: (a: string, b: string) => unknown): boolean {
  try {
    compareVersions(version, version);
    return true;
  } catch (error) {
    if (error instanceof VersionError) return false;
    throw error;
  }
}
