/**
 * Files → packages: package databases of operating systems, lock files of languages, bills of materials. Pure; the caller reads the
 * file and hands its bytes in. The offline scan uses it.
 */
export { ExtractorError, type ExtractorErrorCode } from './errors.ts';
export {
  extractionLimits,
  packageTypes,
  type Distribution,
  type Extraction,
  type ExtractionProblem,
  type FoundPackage,
  type PackageType,
} from './extraction.ts';
export { addApkOwners, addDpkgOwners, addRpmOwners, type FileOwners } from './os/file-owners.ts';
export { extractDpkg } from './os/dpkg.ts';
export { extractRpmHeaders, rpmDatabaseHeaders } from './os/rpm-database.ts';
export { readReleaseFile, releaseFiles } from './release-files.ts';
export { formatPurl, osTypes, parsePurl, purlPackage, type Purl } from './purl.ts';
export { extractorFor, extractors, type Extractor } from './registry.ts';
