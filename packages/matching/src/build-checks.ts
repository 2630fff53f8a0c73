import {
  checkNumber,
  type Advisory,
  type Check,
  type CheckAffected,
  type KnowledgeInput,
  type Vulnerability,
} from '@vedette/protocol';
import { advisoriesByName } from './check-names.ts';
import { decisiveStatement } from './decisive-statement.ts';
import { deriveSeverity } from './severity.ts';
import { highestConfidence } from './confidence.ts';
import { vendorStateConfidence } from './vendor-state.ts';

export interface ChecksBuilt {
  /** Sorted by number. */
  readonly checks: Check[];
  /** Names that have no check number and so make no check. */
  readonly skipped: string[];
}

/** Checks as they were made last, by name. Handed in again, those whose records are the very same objects are not made anew. */
export interface CheckMemory {
  made: ReadonlyMap<string, { readonly parts: readonly object[]; readonly check: Check }>;
}

/**
 * One check per vulnerability that an advisory names, and one per advisory or group of aliases that names none (check-names.ts).
 * Statements of all advisories are kept; those of one (ecosystem, release, package, module) stand together and the decisive one
 * comes first (decisive-statement.ts). What was withdrawn makes no check. A vulnerability of which no advisory speaks makes none
 * either: there is nothing on a machine to compare it with.
 * The result depends only on what the input says, not on its order. `numberOf` gives the number of a check, or null for none.
 */
export function buildChecks(
  input: KnowledgeInput,
  numberOf: (name: string) => number | null = checkNumber,
  memory: CheckMemory = { made: new Map() },
): ChecksBuilt {
  const vulnerabilities = new Map(input.vulnerabilities.map((vulnerability) => [vulnerability.id, vulnerability]));
  const checks: Check[] = [];
  const skipped: string[] = [];
  const made = new Map<string, { readonly parts: readonly object[]; readonly check: Check }>();
  // By name, so that a register that counts gives the same numbers for any order of the input.
  for (const [name, advisories] of [...advisoriesByName(input.advisories)].sort(([a], [b]) => compareText(a, b))) {
    const number = numberOf(name);
    if (number === null) {
      skipped.push(name);
      continue;
    }
    const vulnerability = factsOf(name, advisories, vulnerabilities);
    const parts = vulnerability ? [...advisories, vulnerability] : [...advisories];
    const known = memory.made.get(name);
    const check = known && isSame(known.parts, parts) ? known.check : buildCheck({ name, number, advisories, vulnerability });
    made.set(name, { parts, check });
    checks.push(check);
  }
  memory.made = made;
  checks.sort((a, b) => a.number - b.number);
  return { checks, skipped };
}

function isSame(one: readonly object[], other: readonly object[]): boolean {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}

/** Under the check's own name, or under the name of one of its advisories where it has no CVE. */
function factsOf(
  name: string,
  advisories: ReadonlySet<Advisory>,
  vulnerabilities: ReadonlyMap<string, Vulnerability>,
): Vulnerability | null {
  const names = name.startsWith('CVE-') ? [name] : [name, ...[...advisories].map((advisory) => advisory.id).sort()];
  return names.map((one) => vulnerabilities.get(one)).find((facts) => facts !== undefined) ?? null;
}

interface CheckMaterial {
  readonly name: string;
  readonly number: number;
  readonly advisories: ReadonlySet<Advisory>;
  readonly vulnerability: Vulnerability | null;
}

function buildCheck({ name, number, advisories, vulnerability }: CheckMaterial): Check {
  const affected = orderStatements([...advisories].flatMap(statementsOf));
  const { severity, rule } = deriveSeverity(vulnerability, [...advisories]);
  const aliases = [...advisories].flatMap((advisory) => [advisory.id, ...(advisory.aliases ?? [])]);
  return {
    number,
    name,
    aliases: [...new Set(aliases)].filter((id) => id !== name).sort(),
    severity,
    severityRule: rule,
    confidence: highestConfidence(affected.map(statementConfidence)),
    published: vulnerability?.published ?? earliest([...advisories].map((advisory) => advisory.published)),
    ...lastModified([vulnerability?.modified, ...[...advisories].map((advisory) => advisory.modified)]),
    cvss: vulnerability?.cvss ?? [],
    cwe: vulnerability?.cwe ?? [],
    kevSince: vulnerability?.kevSince ?? null,
    epss: vulnerability?.epss ?? null,
    ...(vulnerability?.ssvc ? { ssvc: vulnerability.ssvc } : {}),
    patchable: affected.some((statement) => statement.status === 'fixed'),
    affected,
  };
}

/** Where it is not affected a package confirms nothing. */
function statementConfidence({ status, vendorState }: CheckAffected): Check['confidence'] {
  if (status === 'not-affected') return 'information';
  return vendorStateConfidence(vendorState)?.confidence ?? 'confirmed';
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
    const subject = `${statement.ecosystem} ${statement.release} ${statement.package} ${statement.module ?? ''}`.trimEnd();
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
    statement.lastAffected ?? null,
    statement.limit ?? null,
    statement.versions ?? null,
    statement.vendorState ?? null,
    statement.patches ?? null,
  ]);
}

/** By code unit, so that every machine sorts alike. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Nothing where no authority says so. */
function lastModified(dates: readonly (string | null | undefined)[]): Pick<Check, 'modified'> {
  const said = dates.filter((date) => typeof date === 'string').sort();
  const last = said.at(-1);
  return last === undefined ? {} : { modified: last };
}

function earliest(dates: readonly (string | null)[]): string | null {
  return dates.reduce((first, date) => (date !== null && (first === null || date < first) ? date : first), null);
}
