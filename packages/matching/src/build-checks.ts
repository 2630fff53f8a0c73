import {
  checkNumber,
  type Advisory,
  type Check,
  type CheckAffected,
  type KnowledgeInput,
  type Vulnerability,
} from '@vedette/protocol';
import { decisiveStatement } from './decisive-statement.ts';
import { deriveSeverity } from './severity.ts';

export interface ChecksBuilt {
  /** Sorted by number. */
  readonly checks: Check[];
  /** Names that have no check number and so make no check. */
  readonly skipped: string[];
}

/**
 * One check per vulnerability that an advisory names, and one per advisory that names none. Statements of all advisories are
 * kept; those of one (ecosystem, release, package) stand together and the decisive one comes first (decisive-statement.ts).
 * A vulnerability of which no advisory speaks makes no check: there is nothing on a machine to compare it with.
 * The result depends only on what the input says, not on its order.
 */
export function buildChecks(input: KnowledgeInput): ChecksBuilt {
  const vulnerabilities = new Map(input.vulnerabilities.map((vulnerability) => [vulnerability.id, vulnerability]));
  const checks: Check[] = [];
  const skipped: string[] = [];
  for (const [name, advisories] of advisoriesByName(input.advisories)) {
    const number = checkNumber(name);
    if (number === null) skipped.push(name);
    else checks.push(buildCheck({ name, number, advisories, vulnerability: vulnerabilities.get(name) ?? null }));
  }
  checks.sort((a, b) => a.number - b.number);
  skipped.sort();
  return { checks, skipped };
}

/** A Set per name: an advisory that lists a name twice speaks of it once. */
function advisoriesByName(advisories: readonly Advisory[]): Map<string, Set<Advisory>> {
  const byName = new Map<string, Set<Advisory>>();
  for (const advisory of advisories) {
    const names = advisory.vulnerabilities.length > 0 ? advisory.vulnerabilities : [advisory.id];
    for (const name of names) {
      const named = byName.get(name);
      if (named) named.add(advisory);
      else byName.set(name, new Set([advisory]));
    }
  }
  return byName;
}

interface CheckMaterial {
  readonly name: string;
  readonly number: number;
  readonly advisories: ReadonlySet<Advisory>;
  readonly vulnerability: Vulnerability | null;
}

function buildCheck({ name, number, advisories, vulnerability }: CheckMaterial): Check {
  const affected = orderStatements([...advisories].flatMap(statementsOf));
  const { severity, rule } = deriveSeverity(vulnerability, new Set([...advisories].map((advisory) => advisory.feed)));
  return {
    number,
    name,
    aliases: [...new Set([...advisories].map((advisory) => advisory.id))].filter((id) => id !== name).sort(),
    severity,
    severityRule: rule,
    confidence: 'confirmed',
    published: vulnerability?.published ?? earliest([...advisories].map((advisory) => advisory.published)),
    cvss: vulnerability?.cvss ?? [],
    cwe: vulnerability?.cwe ?? [],
    kevSince: vulnerability?.kevSince ?? null,
    epss: vulnerability?.epss ?? null,
    patchable: affected.some((statement) => statement.status === 'fixed'),
    affected,
  };
}

function statementsOf(advisory: Advisory): CheckAffected[] {
  return advisory.affected.map((affected) => ({
    ...affected,
    advisory: advisory.id,
    feed: advisory.feed,
    published: advisory.published,
  }));
}

/** Groups by what they speak of, sorted; within a group the decisive one first, the others by name; exact repetitions go. */
function orderStatements(statements: readonly CheckAffected[]): CheckAffected[] {
  const groups = new Map<string, CheckAffected[]>();
  for (const statement of statements) {
    const subject = `${statement.ecosystem} ${statement.release} ${statement.package}`;
    const group = groups.get(subject);
    if (group) group.push(statement);
    else groups.set(subject, [statement]);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([, group]) => {
      const distinct = [...new Map(group.map((statement) => [identity(statement), statement])).entries()].sort(([a], [b]) =>
        compareText(a, b),
      );
      const decisive = decisiveStatement(distinct.map(([, statement]) => statement));
      const others = distinct.flatMap(([, statement]) => (statement === decisive ? [] : [statement]));
      return decisive === null ? others : [decisive, ...others];
    });
}

function identity(statement: CheckAffected): string {
  return JSON.stringify([
    statement.advisory,
    statement.status,
    statement.introduced,
    statement.fixed,
    statement.feed,
    statement.published,
  ]);
}

/** By code unit, so that every machine sorts alike. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function earliest(dates: readonly (string | null)[]): string | null {
  return dates.reduce((first, date) => (date !== null && (first === null || date < first) ? date : first), null);
}
