import { advisorySubject, judgeStatement, type InventoryElement } from '@vedette/matching';
import type { Advisory, Affected, KnowledgeInput } from '@vedette/protocol';

/**
 * What can matter of a body of knowledge for these elements: statements about their packages, and of the vulnerabilities those that at least
 * one statement finds in one of the versions at hand. A check is only true where one of its statements is, so the checks that are
 * true are the same as with the whole; the thousands that are long fixed need not be built.
 */
export function narrowKnowledge(input: KnowledgeInput, elements: readonly InventoryElement[]): KnowledgeInput {
  const versions = versionsBySubject(elements);
  const about = input.advisories.map((advisory) => ({
    ...advisory,
    affected: advisory.affected.filter((statement) => versions.has(subjectOf(statement))),
  }));
  const isSuspect = (advisory: Advisory): boolean =>
    advisory.affected.some((statement) => isTrueOfAny(statement, versions.get(subjectOf(statement)) ?? []));
  const suspects = new Set(about.filter(isSuspect));
  // A suspect without a CVE may belong to one that only a record with the same alias names.
  const naming = about.filter((advisory) => advisory.aliases || suspects.has(advisory));
  const names = new Set(naming.flatMap((advisory) => advisory.vulnerabilities));
  return {
    ...input,
    advisories: about.flatMap((advisory) => {
      // A record with aliases is of one vulnerability, and ties others to it.
      if (advisory.aliases || (advisory.vulnerabilities.length === 0 && suspects.has(advisory))) return [advisory];
      const vulnerabilities = advisory.vulnerabilities.filter((name) => names.has(name));
      return vulnerabilities.length === 0 ? [] : [{ ...advisory, vulnerabilities }];
    }),
  };
}

function versionsBySubject(elements: readonly InventoryElement[]): Map<string, Set<string>> {
  const versions = new Map<string, Set<string>>();
  for (const element of elements) {
    const { package: name, version, release: own } = advisorySubject(element);
    for (const release of new Set([own, ''])) {
      const key = subjectOf({ ecosystem: element.ecosystem, release, package: name });
      const known = versions.get(key);
      if (known) known.add(version);
      else versions.set(key, new Set([version]));
    }
  }
  return versions;
}

function subjectOf({ ecosystem, release, package: name }: Pick<Affected, 'ecosystem' | 'release' | 'package'>): string {
  return `${ecosystem} ${release} ${name}`;
}

function isTrueOfAny(statement: Affected, versions: Iterable<string>): boolean {
  for (const version of versions) if (judgeStatement(version, statement)?.verdict === 'affected') return true;
  return false;
}
