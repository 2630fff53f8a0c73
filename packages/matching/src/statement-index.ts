import type { Check } from '@vedette/protocol';
import { advisorySubject } from './advisory-subject.ts';
import { isCovered } from './coverage.ts';
import type { InventoryElement } from './inventory-element.ts';
import type { AffectedStatement } from './judge.ts';
import { versionOrder, isComparable } from './version-order.ts';

/** Why nothing can be said of an element. */
export type Unassessed =
  /** The knowledge says nothing of this release, or too little of this registry (isCovered). */
  | 'no-knowledge'
  /** The order of the ecosystem's versions is not known. */
  | 'no-version-order'
  /** What it has is no version of its ecosystem. */
  | 'no-version';

/** Finds the statements about an element without going through all of them. */
export interface StatementIndex {
  /** Statements of all checks about the element's package, for judge(). */
  statementsFor(element: InventoryElement): readonly AffectedStatement[];
  /** Why the element cannot be assessed, so that nobody takes it for clean; null where it can. */
  unassessed(element: InventoryElement): Unassessed | null;
}

/** Indexes the statements of checks by the package they are about, and counts them by release. */
export function indexStatements(checks: Iterable<Pick<Check, 'number' | 'affected'>>): StatementIndex {
  const bySubject = new Map<string, AffectedStatement[]>();
  const counts = new Map<string, number>();
  for (const { number, affected } of checks) {
    for (const statement of affected) {
      const scope = `${statement.ecosystem} ${statement.release}`;
      counts.set(scope, (counts.get(scope) ?? 0) + 1);
      const key = `${statement.ecosystem} ${statement.package}`;
      const group = bySubject.get(key);
      const entry = { ...statement, check: number };
      if (group) group.push(entry);
      else bySubject.set(key, [entry]);
    }
  }
  return {
    statementsFor: (element) => bySubject.get(`${element.ecosystem} ${advisorySubject(element).package}`) ?? [],
    unassessed(element) {
      const { version, release: ofSubject } = advisorySubject(element);
      const statements = Math.max(...[ofSubject, ''].map((release) => counts.get(`${element.ecosystem} ${release}`) ?? 0));
      if (!isCovered(element.ecosystem, statements)) return 'no-knowledge';
      if (versionOrder(element.ecosystem) === null) return 'no-version-order';
      return isComparable(element.ecosystem, version) ? null : 'no-version';
    },
  };
}
