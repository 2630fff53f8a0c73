import type { Advisory } from '@vedette/protocol';

/** The advisory with its statements of these releases, or of no release at all; null when none is left. All, when not said. */
export function ofReleases(advisory: Advisory, releases: ReadonlySet<string> | undefined): Advisory | null {
  if (!releases) return advisory;
  const affected = advisory.affected.filter(({ release }) => release === '' || releases.has(release));
  return affected.length > 0 ? { ...advisory, affected } : null;
}
