import type { OsIdentity } from '@vedette/protocol';

/** Code name and version number of Debian's releases, oldest first; sid has no number. */
export const debianReleases: readonly { readonly codename: string; readonly version: string | null }[] = [
  { codename: 'woody', version: '3.0' },
  { codename: 'sarge', version: '3.1' },
  { codename: 'etch', version: '4' },
  { codename: 'lenny', version: '5' },
  { codename: 'squeeze', version: '6' },
  { codename: 'wheezy', version: '7' },
  { codename: 'jessie', version: '8' },
  { codename: 'stretch', version: '9' },
  { codename: 'buster', version: '10' },
  { codename: 'bullseye', version: '11' },
  { codename: 'bookworm', version: '12' },
  { codename: 'trixie', version: '13' },
  { codename: 'forky', version: '14' },
  { codename: 'duke', version: '15' },
  { codename: 'sid', version: null },
];

const byCodename = new Map(debianReleases.map((release) => [release.codename, release]));
const byVersion = new Map(debianReleases.flatMap((release) => (release.version ? [[release.version, release] as const] : [])));

/**
 * Code name of the Debian release a machine runs, as advisories spell it, or null: for any other distribution, also one
 * derived from Debian (its packages have versions of their own, ID_LIKE is no promise), for a release not known here, and
 * where VERSION_ID and VERSION_CODENAME contradict each other.
 * Testing and unstable name themselves alike (only a code name); they count as the release that testing will become.
 */
export function debianRelease(os: Pick<OsIdentity, 'id' | 'versionId' | 'codename'>): string | null {
  if (os.id !== 'debian') return null;
  const named = byCodename.get(os.codename);
  if (os.versionId === '') return named?.codename ?? null;
  // Releases before 10 wrote point releases too ("9.13"); woody and sarge had two-part versions from the start.
  const numbered = byVersion.get(os.versionId) ?? byVersion.get(os.versionId.split('.', 1)[0] ?? '');
  if (os.codename === '') return numbered?.codename ?? null;
  return named && named === numbered ? named.codename : null;
}
