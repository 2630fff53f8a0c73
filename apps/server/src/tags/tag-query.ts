import { parseAssetScope, type Query } from '@vedette/query';
import { understand } from '../query/read-query.ts';

/**
 * A query that says which assets something is about: of what an asset is, not of what is found on it, so that nothing can depend on
 * itself. Null for an empty one. Throws ApiError BAD_REQUEST for one that cannot be understood or asks for more.
 */
export function readAssetScope(text: string, now: Date): Query | null {
  return understand(text, () => parseAssetScope(text, now.getTime()));
}
