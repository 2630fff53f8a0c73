/**
 * One folder per package ecosystem: the order of its versions, its package database, its package URLs and the names of its
 * releases. Pure. The agent reads databases with it, the platform orders and compares versions.
 */
export { parseApkInstalled, type ApkPackage } from './apk/installed-file.ts';
export { debianPurl } from './debian/purl.ts';
export { debianRelease, debianReleases } from './debian/releases.ts';
export { parseDpkgStatus, type DpkgDatabaseKind, type DpkgProblem, type DpkgStatus } from './debian/status-file.ts';
export { debianVersionKey } from './debian/version-key.ts';
export { compareDebianVersions, parseDebianVersion, type DebianVersion } from './debian/version.ts';
export type { Ecosystem, EcosystemName } from './ecosystem.ts';
export { EcosystemError, VersionError, type EcosystemErrorCode } from './errors.ts';
export type { Ordering } from './ordering.ts';
export { ecosystemNames, ecosystems, findEcosystem } from './registry.ts';
export { registryName } from './registry-name.ts';
export { releaseOf, type DistributionRelease } from './release-of.ts';
export { bytesInMemory, type RandomBytes } from './rpm/random-bytes.ts';
export { isRpmDatabase, readRpmDatabase, rpmHeaders, type RpmProblem } from './rpm/read-database.ts';
export { readRpmHeader, type RpmPackage } from './rpm/header.ts';
export { ubuntuCodenames } from './ubuntu-codenames.ts';
