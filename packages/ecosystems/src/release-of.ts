import type { OsIdentity } from '@vedette/protocol';
import { debianRelease } from './debian/releases.ts';
import { ubuntuCodenames } from './ubuntu-codenames.ts';

/** Whose advisories judge the packages of a machine, and under which name they speak of its release. */
export interface DistributionRelease {
  /** Name of the ecosystem. */
  readonly ecosystem: string;
  /** As the distribution's advisories write it: bookworm, jammy, 3.19, 9, 15.5; empty for a rolling one. */
  readonly release: string;
}

type Identity = Pick<OsIdentity, 'id' | 'versionId' | 'codename'>;

/**
 * The ecosystem and release that os-release(5) names; null where nothing is known for certain. Only ID counts, never ID_LIKE: a derived
 * distribution builds packages of its own, and to judge them by another's advisories would be a guess.
 */
export function releaseOf(os: Identity): DistributionRelease | null {
  const rule = rules.get(os.id);
  const release = rule?.release(os) ?? null;
  return rule && release !== null ? { ecosystem: rule.ecosystem, release } : null;
}

interface Rule {
  readonly ecosystem: string;
  readonly release: (os: Identity) => string | null;
}

const parts = (count: number) => (os: Identity) => {
  const words = /^v?(\d+(?:\.\d+)*)/.exec(os.versionId)?.[1]?.split('.') ?? [];
  return words.length < count ? null : words.slice(0, count).join('.');
};
const major = parts(1);
const rolling = (): string => '';

const rules: ReadonlyMap<string, Rule> = new Map([
  ['debian', { ecosystem: 'debian', release: debianRelease }],
  ['ubuntu', { ecosystem: 'ubuntu', release: ubuntuRelease }],
  ['alpine', { ecosystem: 'alpine', release: (os) => (/edge|_alpha/.test(os.versionId) ? 'edge' : parts(2)(os)) }],
  ['almalinux', { ecosystem: 'almalinux', release: major }],
  ['rocky', { ecosystem: 'rocky', release: major }],
  ['rhel', { ecosystem: 'redhat', release: major }],
  ['redhat', { ecosystem: 'redhat', release: major }],
  ['ol', { ecosystem: 'oracle', release: major }],
  ['fedora', { ecosystem: 'fedora', release: major }],
  ['amzn', { ecosystem: 'amazon', release: major }],
  ['sles', { ecosystem: 'suse', release: suseRelease }],
  ['sled', { ecosystem: 'suse', release: suseRelease }],
  ['sles_sap', { ecosystem: 'suse', release: suseRelease }],
  ['opensuse-leap', { ecosystem: 'opensuse', release: parts(2) }],
  ['opensuse-tumbleweed', { ecosystem: 'opensuse', release: () => 'tumbleweed' }],
  ['wolfi', { ecosystem: 'wolfi', release: rolling }],
  ['chainguard', { ecosystem: 'chainguard', release: rolling }],
  ['arch', { ecosystem: 'arch', release: rolling }],
  ['photon', { ecosystem: 'photon', release: parts(2) }],
  ['azurelinux', { ecosystem: 'azurelinux', release: parts(2) }],
  ['mariner', { ecosystem: 'azurelinux', release: parts(2) }],
] satisfies [string, Rule][]);

/** Service packs are releases of their own: 15.5; the first of a major version has no second number: 15. */
function suseRelease(os: Identity): string | null {
  return parts(2)(os) ?? major(os);
}

/** Null where VERSION_ID and VERSION_CODENAME contradict each other. */
function ubuntuRelease(os: Identity): string | null {
  const numbered = ubuntuCodenames.get(parts(2)(os) ?? '');
  if (numbered === undefined || os.codename === '') return numbered ?? (/^[a-z]{3,20}$/.test(os.codename) ? os.codename : null);
  return numbered === os.codename ? numbered : null;
}
