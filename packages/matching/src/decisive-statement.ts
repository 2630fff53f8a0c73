import { type CheckAffected, isDistribution } from '@vedette/protocol';
import { withoutRebuilds } from './module.ts';
import { compareInOrder, isComparable } from './version-order.ts';

/** Feeds that infer from what a package says of itself; an authority's own word on the same matter goes before them. */
const inferringFeeds: ReadonlySet<string> = new Set(['debian-changelog']);
/** Feeds in which a vendor keeps its judgement of every package; its single advisories give way to them. */
const trackingFeeds: ReadonlySet<string> = new Set(['debian-tracker', 'ubuntu-cve-tracker', 'redhat-csaf-vex', 'suse-csaf-vex']);

/**
 * Of all that is said about one vulnerability in one package of one release, the statements that count, the first deciding where
 * several say the same of a version:
 *
 * 1. A vendor's own tracker before its advisories, and those before changelogs. Changelogs repeat names later on (glibc
 *    2.36-9+deb12u5 names CVE-2023-4911 again, fixed in deb12u3), so they speak only where no advisory does; then only the first
 *    entry that names the vulnerability, which is the one with the lowest version.
 * 2. Advisories add up: a version is affected when one of them says so, be it for another stretch of versions (OSV), be it because
 *    a second advisory (DSA-5576-2, a later DLA) exists since the first fix was not complete. So does Debian's security tracker.
 * 3. In a distribution "no fix yet" stands before any fix; in a registry a known fix goes before none, since several databases
 *    watch one package. The highest fixed version goes before lower ones, a stretch before a list, "not affected" last.
 * 4. Then the earlier published, then the lower advisory name, so that the choice never depends on the order of arrival.
 *
 * Of rebuilds of one version for one module that an advisory lists, the lowest counts (module.ts).
 * A statement whose versions are none of its ecosystem never counts. May be empty.
 */
export function governingStatements<Statement extends CheckAffected>(statements: readonly Statement[]): Statement[] {
  const usable = withoutRebuilds(statements.filter(isUsable));
  const best = Math.min(...usable.map(authority));
  const ordered = usable.filter((statement) => authority(statement) === best).sort(byPrecedence);
  return best === authorities.inferred ? ordered.slice(0, 1) : ordered;
}

/** The first of the governing statements; null where there is none. */
export function decisiveStatement<Statement extends CheckAffected>(statements: readonly Statement[]): Statement | null {
  return governingStatements(statements)[0] ?? null;
}

/** Whether a statement counts among those about one package, and by which rule. */
export interface WeighedStatement<Statement extends CheckAffected> {
  readonly statement: Statement;
  readonly counts: boolean;
  readonly why: string;
}

/** The same rules, for people: every statement with what became of it, those that count first, in their order. */
export function weighStatements<Statement extends CheckAffected>(
  statements: readonly Statement[],
): WeighedStatement<Statement>[] {
  const governing = governingStatements(statements);
  const [first] = governing;
  const best = first ? authority(first) : null;
  const counting = governing.map((statement) => ({ statement, counts: true, why: authorityReasons[authority(statement)] }));
  const aside = statements.filter((statement) => !governing.includes(statement));
  return [...counting, ...aside.map((statement) => ({ statement, counts: false, why: asideReason(statement, best) }))];
}

const authorityReasons = {
  0: "the vendor's own tracker, which goes before its advisories and changelogs",
  1: 'an advisory of the authority; advisories add up',
  2: "no advisory speaks, so the package's changelog does: its first entry that names the vulnerability",
} as const;

function asideReason(statement: CheckAffected, best: Authority | null): string {
  if (!isUsable(statement)) return 'its versions cannot be compared';
  if (best !== null && authority(statement) > best) {
    return best === authorities.tracker ? "the vendor's own tracker goes before it" : 'an advisory goes before a changelog';
  }
  return best === authorities.inferred ? 'a later entry of the changelog repeats the name' : 'a rebuild of a lower fixed version';
}

type Authority = (typeof authorities)[keyof typeof authorities];

const authorities = { tracker: 0, advisory: 1, inferred: 2 } as const;

function authority({ feed }: CheckAffected): Authority {
  if (trackingFeeds.has(feed)) return authorities.tracker;
  return inferringFeeds.has(feed) ? authorities.inferred : authorities.advisory;
}

/** False for a statement whose versions cannot be compared; such a one proves nothing. */
function isUsable(statement: CheckAffected): boolean {
  if (statement.status === 'fixed' && statement.fixed === null) return false;
  const bounds = [statement.introduced, statement.fixed, statement.lastAffected, statement.limit];
  return bounds.every((bound) => bound === null || bound === undefined || isComparable(statement.ecosystem, bound));
}

function byPrecedence(a: CheckAffected, b: CheckAffected): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (a.fixed !== null && b.fixed !== null) {
    const order = compareInOrder(a.ecosystem, a.fixed, b.fixed);
    if (order) return inferringFeeds.has(a.feed) ? order : -order;
  }
  return (
    compareText(a.published ?? '9999', b.published ?? '9999') ||
    compareText(a.advisory, b.advisory) ||
    compareText(a.introduced ?? '', b.introduced ?? '') ||
    compareText(rest(a), rest(b))
  );
}

/** Two stretches of one advisory may differ in nothing else. */
function rest({ lastAffected, limit, versions, vendorState, module }: CheckAffected): string {
  return JSON.stringify([lastAffected ?? null, limit ?? null, versions ?? null, vendorState ?? null, module ?? null]);
}

function rank(statement: CheckAffected): number {
  if (statement.status === 'not-affected') return 4;
  if (statement.versions) return 3;
  if (statement.status === 'fixed') return 1;
  return isDistribution(statement.ecosystem) ? 0 : 2;
}

/** By code unit, so that every machine sorts alike. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
