import { ubuntuCodenames } from '@vedette/ecosystems';
import type { VendorState } from '@vedette/protocol';
import { suseRelease, type EcosystemRelease } from '../shared/suse-product.ts';

/** How one vendor writes down, in comments of its criteria, what OVAL has no test for. */
export interface OvalVendor {
  /** Who scored, in `Cvss.source`. */
  readonly name: string;
  /** The release a comment asks for; `other` for another product; undefined where it asks for none. */
  readonly releaseIn: (comment: string) => EcosystemRelease | 'other' | undefined;
  /** The package of a comment, where advisories name another than the test does: Ubuntu judges by source package. */
  readonly packageIn?: (comment: string) => string | null;
  /** What was decided about a package without a fix, in a comment. */
  readonly stateIn?: (comment: string) => VendorState | null;
  /** Whether the version is of another build of the package, which a machine has only where it was asked for. */
  readonly isOtherBuild?: (version: string) => boolean;
}

export const redhat: OvalVendor = {
  name: 'redhat',
  releaseIn: (comment) => {
    const release = /^Red Hat Enterprise Linux (\d{1,2})(?:\.\d{1,2})? is installed$/.exec(comment)?.[1];
    if (release !== undefined) return { ecosystem: 'redhat', release };
    // The second is there to be false on any machine that is asked: it is true where Red Hat's system is absent.
    return /^Red Hat .{1,80} is installed$|^Red Hat .{1,80} must be installed$/.test(comment) ? 'other' : undefined;
  },
};

export const oracle: OvalVendor = {
  name: 'oracle',
  releaseIn: (comment) => {
    const release = /^Oracle Linux (\d{1,2}) is installed$/.exec(comment)?.[1];
    return release === undefined ? undefined : { ecosystem: 'oracle', release };
  },
  // Builds for Ksplice, and those validated for FIPS, have higher versions than the plain ones.
  isOtherBuild: (version) => /ksplice|_fips/.test(version),
};

export const suse: OvalVendor = {
  name: 'suse',
  releaseIn: (comment) => {
    const product = /^((?:SUSE|openSUSE) .{1,120}) is installed$/.exec(comment)?.[1];
    return product === undefined ? undefined : (suseRelease(product) ?? 'other');
  },
};

const ubuntuReleases: ReadonlySet<string> = new Set(ubuntuCodenames.values());

export const ubuntu: OvalVendor = {
  name: 'ubuntu',
  releaseIn: (comment) => {
    const release = /^Ubuntu [\d.]{5}(?: LTS)? \(([a-z]{3,20})\) is installed/.exec(comment)?.[1];
    if (release === undefined) return undefined;
    return ubuntuReleases.has(release) ? { ecosystem: 'ubuntu', release } : 'other';
  },
  packageIn: (comment) => /(?:^|\s)'?([a-z0-9][a-z0-9.+-]{1,127})'? package in [a-z]/.exec(comment)?.[1] ?? null,
  stateIn: (comment) => {
    if (/ is not known \(status: /.test(comment)) return 'undetermined';
    if (/ a decision has been made to defer /.test(comment)) return 'postponed';
    if (!/ a decision has been made to ignore /.test(comment)) return null;
    return /end of (?:life|standard support|kernel support)/.test(comment) ? 'end-of-life' : 'ignored';
  },
};
