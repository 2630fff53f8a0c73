import { compileTest, foldQuery, type ParsedQuery, type Query } from '@vedette/query';
import { ApiError } from '../http/api-error.ts';
import { readQuery } from '../query/read-query.ts';

/** Fields of assets that depend on what is found on them, and so on exceptions and tags themselves. */
const found = new Set(['critical', 'high', 'medium', 'low', 'informational', 'risk', 'detection']);
/** Tags whose queries ask for tags whose queries ask for tags … */
const maxDepth = 8;

/**
 * A query that says which assets something is about: of what an asset is, not of what is found on it, so that nothing can depend on
 * itself. Throws ApiError BAD_REQUEST for one that cannot be understood or asks for more.
 */
export function readAssetScope(text: string, now: Date): Query | null {
  const { query, asOf }: ParsedQuery = readQuery(text, 'asset', now);
  if (asOf !== null) throw new ApiError('BAD_REQUEST', 'query: this is about assets as they are, not as of a moment');
  const wrong = query && fieldsOf(query).find((name) => found.has(name));
  if (wrong)
    throw new ApiError(
      'BAD_REQUEST',
      `query: ${wrong} speaks of what is found on an asset; here only what it is can be asked for`,
    );
  return query;
}

/** Which of these names a query asks for by `tag:`. */
export function tagsAskedFor(query: Query | null, names: Iterable<string>): string[] {
  if (!query) return [];
  const tests = foldQuery<((name: string) => boolean)[]>(query, {
    all: (parts) => parts.flat(),
    any: (parts) => parts.flat(),
    not: (part) => part,
    test: ({ name }, test) => {
      const passes = compileTest(test);
      return name === 'tag' ? [(tag) => passes(tag)] : [];
    },
    nested: () => [],
  });
  return [...names].filter((name) => tests.some((passes) => passes(name)));
}

/** Throws ApiError BAD_REQUEST where a tag would depend on itself, or on others through too many. */
export function refuseCircles(tags: ReadonlyMap<string, Query | null>, start: string): void {
  const walk = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      throw new ApiError('BAD_REQUEST', `query: the tag would depend on itself: ${[...path, name].join(' → ')}`);
    }
    if (path.length >= maxDepth)
      throw new ApiError('BAD_REQUEST', `query: tags depend on each other through more than ${maxDepth}`);
    for (const next of tagsAskedFor(tags.get(name) ?? null, tags.keys())) walk(next, [...path, name]);
  };
  walk(start, []);
}

function fieldsOf(query: Query): string[] {
  return foldQuery<string[]>(query, {
    all: (parts) => parts.flat(),
    any: (parts) => parts.flat(),
    not: (part) => part,
    test: ({ name }) => [name],
    nested: ({ name }) => [name],
  });
}
