import type { Advisory } from '@vedette/protocol';

/** Where a vulnerability has no CVE: whose name it is known by, best first; then the lowest. */
const preferredPrefixes = ['GHSA-', 'GO-', 'RUSTSEC-', 'PYSEC-'];

/**
 * Advisories under the names of their checks; those taken back are left out.
 *
 * 1. An advisory that names CVEs belongs to the check of each.
 * 2. One that names none, but shares a name with records that together know exactly one CVE, belongs to that CVE's check.
 * 3. Others with names in common share one check, called by the preferred of these names.
 *
 * A Set per name: an advisory that lists a name twice speaks of it once. The list must not change any more.
 */
export function advisoriesByName(advisories: readonly Advisory[]): ReadonlyMap<string, ReadonlySet<Advisory>> {
  const known = lately.get(advisories);
  if (known) return known;
  const byName = namesWithAdvisories(advisories);
  lately.set(advisories, byName);
  return byName;
}

/** First the names are asked for, to number them, then the checks. */
const lately = new WeakMap<readonly Advisory[], ReadonlyMap<string, ReadonlySet<Advisory>>>();

function namesWithAdvisories(advisories: readonly Advisory[]): Map<string, Set<Advisory>> {
  const live = advisories.filter((advisory) => !advisory.withdrawn);
  const groups = aliasGroups(live);
  const byName = new Map<string, Set<Advisory>>();
  for (const advisory of live) {
    for (const name of namesOf(advisory, groups)) {
      const named = byName.get(name);
      if (named) named.add(advisory);
      else byName.set(name, new Set([advisory]));
    }
  }
  return byName;
}

function namesOf(advisory: Advisory, groups: ReadonlyMap<string, AliasGroup>): readonly string[] {
  if (advisory.vulnerabilities.length > 0) return advisory.vulnerabilities;
  const group = groups.get(advisory.id);
  if (!group) return [advisory.id];
  return group.cves.size === 1 ? [...group.cves] : [preferredName(group.names)];
}

/** The names of all checks that these advisories make. */
export function checkNames(advisories: readonly Advisory[]): string[] {
  return [...advisoriesByName(advisories).keys()];
}

/** Names of one vulnerability, other than CVE names, and the CVE names that records of it give. */
interface AliasGroup {
  readonly names: Set<string>;
  readonly cves: Set<string>;
}

/** Every name with its group. Only records of a single vulnerability have aliases; a bundle would tie together what is apart. */
function aliasGroups(advisories: readonly Advisory[]): Map<string, AliasGroup> {
  const groups = new Map<string, AliasGroup>();
  for (const { id, aliases, vulnerabilities } of advisories) {
    if (!aliases) continue;
    const group: AliasGroup = { names: new Set([id, ...aliases]), cves: new Set(vulnerabilities) };
    for (const known of new Set([...group.names].flatMap((name) => groups.get(name) ?? []))) {
      for (const name of known.names) group.names.add(name);
      for (const cve of known.cves) group.cves.add(cve);
    }
    for (const name of group.names) groups.set(name, group);
  }
  return groups;
}

function preferredName(names: ReadonlySet<string>): string {
  const rank = (name: string) => {
    const at = preferredPrefixes.findIndex((prefix) => name.startsWith(prefix));
    return at < 0 ? preferredPrefixes.length : at;
  };
  return [...names].reduce((best, name) => (rank(name) < rank(best) || (rank(name) === rank(best) && name < best) ? name : best));
}
