import { findEcosystem, VersionError } from '@vedette/ecosystems';
import type { Affected, EcosystemName } from '@vedette/protocol';

/** An end of a stretch of versions; null: there is none on that side. */
type End = { readonly version: string; readonly inclusive: boolean } | null;

/** A stretch of versions. */
export interface Interval {
  readonly from: End;
  readonly to: End;
}

/**
 * Statements about what is left between the versions a database calls safe (patched or never affected): the complement of their
 * union. All versions where none is safe. `after`: the lowest version above one, since statements begin at a version.
 * Null for versions that the ecosystem's order does not know.
 */
export function unsafeStatements(
  about: Pick<Affected, 'package'> & { readonly ecosystem: EcosystemName },
  safe: readonly Interval[],
  after: (version: string) => string,
): Affected[] | null {
  const compare = findEcosystem(about.ecosystem)?.compareVersions;
  if (!compare) return null;
  const { ecosystem, package: name } = about;
  const statement = (introduced: string | null, end: Pick<Affected, 'status' | 'fixed' | 'lastAffected'>): Affected => ({
    ecosystem,
    release: '',
    package: name,
    introduced,
    ...end,
  });
  try {
    for (const end of safe.flatMap(({ from, to }) => [from, to])) if (end) compare(end.version, end.version);
    const ordered = safe.toSorted((a, b) => compareStarts(a.from, b.from, compare));
    const found: Affected[] = [];
    /** Where the versions not yet known to be safe begin; undefined: all further ones are safe. */
    let open: string | null | undefined = null;
    for (const { from, to } of ordered) {
      if (open === undefined) break;
      // One version alone is unsafe between "< 1.0.2" and "> 1.0.2": a release that was tampered with.
      if (from !== null && (open === null || compare(open, from.version) < (from.inclusive ? 0 : 1))) {
        found.push(
          statement(
            open,
            from.inclusive
              ? { status: 'fixed', fixed: from.version }
              : { status: 'affected', fixed: null, lastAffected: from.version },
          ),
        );
      }
      const next: string | undefined = to === null ? undefined : to.inclusive ? after(to.version) : to.version;
      if (next === undefined || open === null || compare(next, open) > 0) open = next;
    }
    if (open !== undefined) found.push(statement(open, { status: 'affected', fixed: null }));
    return found;
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}

function compareStarts(a: End, b: End, compare: (a: string, b: string) => number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return compare(a.version, b.version) || Number(b.inclusive) - Number(a.inclusive);
}

/** Joins the parts of one requirement (`>= 1.2, < 2`), each of which narrows it. Null for a part that `read` does not know. */
export function intersection(requirement: string, read: (operator: string, version: string) => Interval | null): Interval | null {
  let whole: Interval = { from: null, to: null };
  for (const part of requirement.split(',')) {
    const [, operator = '', version = ''] = /^\s*(>=|<=|~>|!=|[<>=^~]|)\s*([0-9][0-9A-Za-z.+-]*)\s*$/.exec(part) ?? [];
    const interval = version === '' ? null : (bound(operator, version) ?? read(operator, version));
    if (!interval) return null;
    whole = { from: interval.from ?? whole.from, to: interval.to ?? whole.to };
  }
  return whole;
}

/** The operators that mean the same in every language. */
function bound(operator: string, version: string): Interval | null {
  if (operator === '>=' || operator === '>') return { from: { version, inclusive: operator === '>=' }, to: null };
  if (operator === '<=' || operator === '<') return { from: null, to: { version, inclusive: operator === '<=' } };
  return operator === '=' ? { from: { version, inclusive: true }, to: { version, inclusive: true } } : null;
}
