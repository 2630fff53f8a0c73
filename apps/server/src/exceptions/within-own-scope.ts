import { isDeepStrictEqual } from 'node:util';
import type { Query } from '@vedette/query';
import type { Caller } from '../auth/authenticate.ts';
import { ApiError } from '../http/api-error.ts';
import { readAssetScope } from '../tags/tag-query.ts';

/**
 * The assets of an exception as whoever asks for it may mean them: those of their own scopes alone, whatever else they say. It is kept as
 * text, and asked anew each time. Throws ApiError BAD_REQUEST.
 */
export function withinOwnScope({ scopes }: Pick<Caller, 'scopes'>, assets: string, now: Date): string {
  const asked = readAssetScope(assets, now);
  if (scopes.length === 0) return assets;
  const parts = [...scopes, ...(asked ? [assets] : [])];
  const text = parts.map((part) => `(${part})`).join(' and ');
  const alone = parts.flatMap((part) => conjuncts(readAssetScope(part, now)));
  // What each part says by itself is what it says in there: none closes a parenthesis or a quote that it did not open.
  if (isDeepStrictEqual(conjuncts(readAssetScope(text, now)), alone)) return text;
  throw new ApiError('BAD_REQUEST', 'body.assets: it cannot be understood within your scope');
}

function conjuncts(query: Query | null): Query[] {
  if (!query) return [];
  return query.kind === 'and' ? query.parts.flatMap(conjuncts) : [query];
}
