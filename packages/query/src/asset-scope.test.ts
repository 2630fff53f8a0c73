import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultOfTag, parseAssetScope, type Query, QueryError, tagsAskedFor, tagsNamed } from './index.ts';

const now = Date.parse('2026-11-22T12:00:00Z');

function faultOf(text: string): QueryError {
  try {
    parseAssetScope(text, now);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error(`no fault in ${text}`);
}

function tags(queries: Readonly<Record<string, string>>): ReadonlyMap<string, Query | null> {
  return new Map(Object.entries(queries).map(([name, query]) => [name, parseAssetScope(query, now)]));
}

describe('a query of what an asset is', () => {
  it.each([
    ['os:debian and Critical:>0', 'Critical', 'speaks of what is found'],
    ['not (web or detection:(kev:true))', 'detection', 'speaks of what is found'],
    ['detection.kev:true', 'detection.kev', 'speaks of what is found'],
    ['risk:>=500', 'risk', 'speaks of what is found'],
    ['web asOf:2026-01-01', 'asOf:2026-01-01', 'not as of a moment'],
    ['hostnam:x', 'hostnam', 'did you mean hostname'],
  ])('is not %s', (text, part, reason) => {
    const fault = faultOf(text);
    expect([text.slice(fault.from, fault.to), fault.message]).toEqual([part, expect.stringContaining(reason)]);
  });

  it('may ask for software, and for nothing', () => {
    expect(parseAssetScope('software:(name:openssl) release:(a or b)', now)).not.toBeNull();
    expect(parseAssetScope(' ', now)).toBeNull();
  });
});

describe('the tags of a query', () => {
  const query = parseAssetScope('tag:Web or (tag:db* and not tag:lab) or hostname:x', now);

  it('are those whose names pass', () => {
    expect(tagsAskedFor(query, ['web', 'db-1', 'lab', 'x'])).toEqual(['web', 'db-1', 'lab']);
    expect(tagsAskedFor(null, ['web'])).toEqual([]);
  });

  it('are named where they stand without a star', () => {
    expect(tagsNamed(query)).toEqual(['web', 'lab']);
  });
});

describe('a tag', () => {
  it.each([
    [{ a: 'tag:a' }, 'a → a'],
    [{ a: 'tag:b', b: 'tag:c', c: 'tag:a' }, 'a → b → c → a'],
    [{ a: 'tag:b', b: 'tag:c', c: 'tag:b' }, 'b → c → b'],
    [{ a: 'not tag:*' }, 'a → a'],
  ])('of %j depends on itself', (queries, circle) => {
    expect(faultOfTag(tags(queries), 'a')).toBe(`the tag would depend on itself: ${circle}`);
  });

  it('depends on at most eight others in a row', () => {
    const chain = (length: number) =>
      tags(Object.fromEntries(Array.from({ length }, (_, i) => [`t${i}`, i + 1 < length ? `tag:t${i + 1}` : 'x'])));
    expect(faultOfTag(chain(8), 't0')).toBeNull();
    expect(faultOfTag(chain(9), 't0')).toContain('more than 8');
  });

  it('is looked at in time that does not grow with the number of ways', () => {
    const layer = (depth: number) => (depth < 7 ? `tag:l${depth + 1}-*` : 'x');
    const layers = Array.from({ length: 8 }, (_, depth) =>
      Array.from({ length: 60 }, (_, i) => [`l${depth}-${i}`, layer(depth)]),
    );
    // 60 ^ 7 ways.
    expect(faultOfTag(tags(Object.fromEntries(layers.flat())), 'l0-0')).toBeNull();
  });

  it('has a fault just where a walk along its queries comes back or goes too far', () => {
    const names = ['a', 'b', 'c', 'd'];
    const asked = fc.record(Object.fromEntries(names.map((name) => [name, fc.subarray(names)])));
    fc.assert(
      fc.property(asked, (edges) => {
        const queries = Object.fromEntries(names.map((name) => [name, edges[name]?.map((to) => `tag:${to}`).join(' or ') ?? '']));
        const comesBack = (at: string, path: readonly string[]): boolean =>
          path.includes(at) || (edges[at] ?? []).some((to) => comesBack(to, [...path, at]));
        expect(faultOfTag(tags(queries), 'a') !== null).toBe(comesBack('a', []));
      }),
    );
  });
});
