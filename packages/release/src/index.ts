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
