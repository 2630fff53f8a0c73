/**
 * Signed releases by The Update Framework (theupdateframework.github.io/specification): what roles, targets and files are called, how
 * agents come to trust metadata and unpack targets, and how a repository of releases is made and signed.
 */
export * from './layout.ts';
export * from './release-error.ts';
