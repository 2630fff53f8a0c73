/**
 * Signed releases by The Update Framework (theupdateframework.github.io/specification): what roles, targets and files are called, how
 * agents come to trust metadata and unpack targets, and how a repository of releases is made and signed.
 */
export { syncFolder, writeAtomically } from './atomic-file.ts';
export * from './layout.ts';
export { nameOf, readCustom } from './read-custom.ts';
export * from './release-error.ts';
export * from './target-check.ts';
export * from './trusted-metadata.ts';
export { unpackTarget, wholeWindowLog } from './unpack-target.ts';
export * from './repository/key.ts';
export * from './repository/key-file.ts';
export * from './repository/metadata.ts';
export * from './repository/mirror.ts';
export * from './repository/publish.ts';
export * from './repository/repository-files.ts';
export * from './repository/stage.ts';
