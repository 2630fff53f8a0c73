import type { DpkgPackage } from '@vedette/protocol';
import type { Ordering } from './ordering.ts';

/** Every ecosystem there is; each is the folder of that name. */
export type EcosystemName =
  | 'alpm'
  | 'apk'
  | 'bitnami'
  | 'cran'
  | 'debian'
  | 'go'
  | 'hackage'
  | 'kernel'
  | 'maven'
  | 'nuget'
  | 'packagist'
  | 'portage'
  | 'pub'
  | 'pypi'
  | 'rpm'
  | 'rubygems'
  | 'semver'
  | 'windows';

/** What every package ecosystem must be able to do. */
export interface Ecosystem {
  /** Its folder in this room; advisories of the platform spell it so. */
  readonly name: EcosystemName;
  /** Other names of it, and of what orders its versions the same way: lower case, without blanks, hyphens and underscores. */
  readonly aliases: readonly string[];
  /** Whose order compareVersions follows, for people. */
  readonly versionOrder: string;
  /** Total order of the ecosystem's versions; throws VersionError. */
  readonly compareVersions: (a: string, b: string) => Ordering;
  /** Bytes that compare (memcmp) as compareVersions does, the same for equal versions; throws VersionError. */
  readonly versionKey: (version: string) => Uint8Array;
  /** Reads the package manager's database; what it cannot understand is a problem, not a loss of the rest. */
  readonly parseDatabase?: (content: Uint8Array | string) => {
    readonly packages: readonly DpkgPackage[];
    readonly problems: readonly { readonly line: number; readonly reason: string }[];
  };
}
