import type { Advisory } from '@vedette/protocol';

/** Finds records by any of their names: vulnerabilities, their own name, aliases. */
type ByNames = (names: readonly string[]) => Iterable<Advisory>;

/** Aliases of aliases: real groups close after two or three rounds. */
const maxRounds = 8;

/**
 * The advisories given and all that decide about the same checks: those that name one of their vulnerabilities, and, over any number of
 * steps, those that share a name with a record of a single vulnerability (one with aliases). An advisory that bundles many is
 * taken, but does not lead on to its other vulnerabilities.
 */
export function relatedAdvisories(first: Iterable<Advisory>, byNames: ByNames): Advisory[] {
  const known = new Map<string, Advisory>();
  const asked = new Set<string>();
  let names: string[] = [];
  const take = (advisory: Advisory, leadsOn: boolean): void => {
    if (known.has(advisory.id)) return;
    known.set(advisory.id, advisory);
    if (leadsOn || advisory.aliases) names.push(advisory.id, ...(advisory.aliases ?? []), ...advisory.vulnerabilities);
  };
  for (const advisory of first) take(advisory, true);
  for (let round = 0; round < maxRounds && names.length > 0; round += 1) {
    const wanted = [...new Set(names)].filter((name) => !asked.has(name));
    for (const name of wanted) asked.add(name);
    names = [];
    for (const advisory of byNames(wanted)) take(advisory, false);
  }
  return [...known.values()];
}

/** Every name under which a record may be looked for. */
export function namesOf(advisory: Advisory): string[] {
  return [...new Set([advisory.id, ...(advisory.aliases ?? []), ...advisory.vulnerabilities])];
}
