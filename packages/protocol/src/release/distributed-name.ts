/**
 * What platform, edges, mirrors and relays hand out to anybody, and nothing else: all of it is signed, or vouched for by what is signed.
 * `timestamp` is the only name whose bytes change; `metadata` carries its version and a `target` its SHA-256 in the name, so that every
 * cache may keep them for ever.
 */
export type DistributedKind = 'timestamp' | 'metadata' | 'target';

/** As deploy/edge/*.template have it, too; a test holds them together. */
const patterns: readonly (readonly [DistributedKind, RegExp])[] = [
  ['timestamp', /^\/tuf\/timestamp\.json$/],
  ['metadata', /^\/tuf\/[1-9][0-9]{0,8}\.(?:root|targets|snapshot|content|code)\.json$/],
  ['target', /^\/targets\/(?:content|code)\/[a-z][a-z0-9-]{0,63}\/[0-9a-f]{64}\.[0-9A-Za-z][0-9A-Za-z._-]{0,159}$/],
];
const longestPath = 400;

/**
 * Kind of what lies at a path, which starts with `/`; null for a path at which nothing is handed out. The path is taken as it was sent:
 * escapes, empty or dotted parts and queries make it another one.
 */
export function distributedKind(path: string): DistributedKind | null {
  if (path.length > longestPath) return null;
  return patterns.find(([, pattern]) => pattern.test(path))?.[0] ?? null;
}

/** SHA-256 of the bytes at a path of kind `target`, in hexadecimal. */
export function targetSha256(path: string): string {
  const start = path.lastIndexOf('/') + 1;
  return path.slice(start, start + 64);
}

/** With which an answer 503 lets its receiver come back after `Retry-After`, and the request by which it does. */
export const ticketHeader = 'vedette-ticket';
/** By which an edge shows the platform that it fetches for many. */
export const edgeTokenHeader = 'vedette-edge-token';
