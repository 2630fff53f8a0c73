import { QueryError } from './errors.ts';
import { compileTest } from './match-test.ts';
import { parseQuery } from './parse-query.ts';
import { foldQuery, type Query, type Test } from './query.ts';
import { parseSyntax, type Syntax } from './syntax.ts';

/** Fields of assets that depend on what is found on them, and so on exceptions and tags themselves. */
const found = new Set(['critical', 'high', 'medium', 'low', 'informational', 'risk', 'detection']);
/** Tags whose queries ask for tags whose queries ask for tags … */
const maxDepth = 8;

/**
 * A query that says which assets a tag, a profile, a role or an exception is about: of what an asset is now, not of what is found on it, so
 * that nothing can depend on itself. Null for an empty one.
 * @throws QueryError for one that cannot be understood or asks for more, with the position of the part that does
 */
export function parseAssetScope(text: string, now: number): Query | null {
  const { query } = parseQuery(text, 'asset', now);
  const syntax = parseSyntax(text);
  if (syntax) refuseMore(syntax);
  return query;
}

function refuseMore(node: Syntax): void {
  switch (node.kind) {
    case 'and':
    case 'or':
      return node.parts.forEach(refuseMore);
    case 'not':
      return refuseMore(node.part);
    case 'word':
      return;
    case 'term':
    case 'group': {
      const name = node.field.name.split('.')[0]?.toLowerCase() ?? '';
      if (name === 'asof') throw new QueryError('misplaced', 'this is about assets as they are, not as of a moment', node.at);
      if (!found.has(name)) return;
      const reason = `${name} speaks of what is found on an asset; here only what it is can be asked for`;
      throw new QueryError('misplaced', reason, node.field);
    }
  }
}

/** Which of these names a query asks for by `tag:`. */
export function tagsAskedFor(query: Query | null, names: Iterable<string>): string[] {
  const tests = tagTests(query).map(compileTest);
  return [...names].filter((name) => tests.some((passes) => passes(name)));
}

/** The tags that a query asks for by their whole names. */
export function tagsNamed(query: Query | null): string[] {
  return tagTests(query).flatMap((test) => (test.is === 'equal' ? [String(test.value)] : []));
}

function tagTests(query: Query | null): Test[] {
  if (!query) return [];
  return foldQuery<Test[]>(query, {
    all: (parts) => parts.flat(),
    any: (parts) => parts.flat(),
    not: (part) => part,
    test: ({ name }, test) => (name === 'tag' ? [test] : []),
    nested: () => [],
  });
}

/** Why a tag cannot mean what its query says: it would depend on itself, or on others through too many. Null where it can. */
export function faultOfTag(tags: ReadonlyMap<string, Query | null>, start: string): string | null {
  /** Through how many others each depends on the farthest. */
  const depths = new Map<string, number>();
  const walk = (name: string, path: readonly string[]): string | null => {
    if (path.includes(name)) return `the tag would depend on itself: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`;
    if (depths.has(name)) return null;
    let depth = 0;
    for (const next of tagsAskedFor(tags.get(name) ?? null, tags.keys())) {
      const fault = walk(next, [...path, name]);
      if (fault !== null) return fault;
      depth = Math.max(depth, 1 + (depths.get(next) ?? 0));
    }
    depths.set(name, depth);
    return depth < maxDepth ? null : `tags depend on each other through more than ${maxDepth}`;
  };
  return walk(start, []);
}
