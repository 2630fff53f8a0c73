import type { ContentKind, Product, ReleasePlatform, ReleaseVersion } from '@vedette/protocol';

/** Roles that root itself names (TUF 2.1). */
export const topRoles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
/** Roles that `targets` delegates to, each with keys of its own: what agents judge with, and what they run. */
export const delegatedRoles = ['content', 'code'] as const;
export type TopRole = (typeof topRoles)[number];
export type DelegatedRole = (typeof delegatedRoles)[number];
export type RoleName = TopRole | DelegatedRole;
/** Roles whose keys never lie on a platform. */
export const offlineRoles = ['root', 'targets', 'content', 'code'] as const;
export type OfflineRole = (typeof offlineRoles)[number];

/** Below an origin or a mirror: metadata and targets. Both ends in a slash, as base of an address. */
export const metadataFolder = 'tuf/';
export const targetsFolder = 'targets/';

/** Names of targets have three parts, so that the pattern of one role can never match another's. */
export const delegatedPaths: Record<DelegatedRole, readonly string[]> = { content: ['content/*/*'], code: ['code/*/*'] };

export const originsTarget = 'content/platform/origins.json';

/** Whole program: `code/agent-linux-x64/0.2.0.zst`. */
export function programTarget(product: Product, platform: ReleasePlatform, version: ReleaseVersion): string {
  return `code/${product}-${platform}/${version}.zst`;
}

/** Way from one version to another: `code/agent-linux-x64/0.2.0_from_0.1.0.zst`. */
export function deltaTarget(
  product: Product,
  platform: ReleasePlatform,
  { version, from }: { readonly version: ReleaseVersion; readonly from: ReleaseVersion },
): string {
  return `code/${product}-${platform}/${version}_from_${from}.zst`;
}

/** Content of a kind: `content/rules/2026.11.22.zst`. */
export function contentTarget(kind: ContentKind, version: ReleaseVersion): string {
  return `content/${kind}/${version}.zst`;
}

/**
 * Where a target lies below `targets/` (TUF 6.2, consistent snapshots): the hash stands before the last part of its name, so that an
 * address never changes its bytes and every cache may keep it for ever.
 */
export function targetPath(name: string, sha256: string): string {
  const slash = name.lastIndexOf('/') + 1;
  return `${name.slice(0, slash)}${sha256}.${name.slice(slash)}`;
}

/** Where metadata lies below `tuf/`: a timestamp has no version, all else has. */
export function metadataPath(role: string, version: number): string {
  return role === 'timestamp' ? 'timestamp.json' : `${version}.${encodeURIComponent(role)}.json`;
}
