import type { Check } from '@vedette/protocol';
import { advisorySubject } from './advisory-subject.ts';
import type { InventoryElement } from './inventory-element.ts';
import type { AffectedStatement } from './judge.ts';
import { versionOrder, isComparable } from './version-order.ts';

/** Why nothing can be said of an element. */
export type Unassessed =
  /** The knowledge says nothing at all of this ecosystem and release. */
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

export function indexStatements(checks: Iterable<Pick<Check, 'number' | 'affected'>>): StatementIndex {
  const bySubject = new Map<string, AffectedStatement[]>();
  const known = new Set<string>();
  for (const { number, affected } of checks) {
    for (const statement of affected) {
      known.add(`${statement.ecosystem} ${statement.release}`);
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
      if (![element.release, ''].some((release) => known.has(`${element.ecosystem} ${release}`))) return 'no-knowledge';
      if (versionOrder(element.ecosystem) === null) return 'no-version-order';
      return isComparable(element.ecosystem, advisorySubject(element).version) ? null : 'no-version';
    },
  };
}
