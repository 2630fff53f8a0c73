/** An inventory with known right answers. */
export interface Inventory {
  readonly name: string;
  readonly ecosystem: string;
  /** Name of the file that is scanned, and its content. */
  readonly file: { readonly name: string; readonly content: string };
  /** For --distro; null where the file says it, or it is of no distribution. */
  readonly distro: string | null;
  readonly packages: number;
  /** `package CVE` of everything that is true of it. */
  readonly labels: ReadonlySet<string>;
  /** Whence the labels, in a sentence. */
  readonly route: string;
}

/** A fix as an authority publishes it. */
export interface Fix {
  readonly release: string;
  readonly package: string;
  readonly fixed: string;
  readonly cves: readonly string[];
}

export interface Installed {
  readonly name: string;
  readonly version: string;
}

/**
 * For each pair whether the first version is earlier, by a program that shares nothing with ours: a list of `A<TAB>B` lines in, a list of
 * answers out.
 */
export type IsEarlier = (pairs: readonly (readonly [string, string])[]) => boolean[];

/**
 * A machine that is one or more updates behind: of each package the version in the middle of all its fixed versions, which is a version
 * that was installed somewhere. `keep` thins it out so that a run stays short.
 */
export function behind(fixes: readonly Fix[], isEarlier: IsEarlier, keep: number): Installed[] {
  const versions = [...Map.groupBy(fixes, (fix) => fix.package)]
    .map(([name, all]) => ({ name, versions: [...new Set(all.map(({ fixed }) => fixed))] }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .filter((_, index) => index % keep === 0);
  const pairs = versions.flatMap(({ versions: all }) => all.flatMap((one) => all.map((other) => [one, other] as const)));
  const answers = isEarlier(pairs);
  let next = 0;
  return versions.map(({ name, versions: all }) => {
    // How many of the others come before it: its place in the order.
    const places = all.map((version) => ({ version, later: all.filter(() => answers[next++] === true).length }));
    const sorted = places.toSorted((a, b) => b.later - a.later);
    return { name, version: sorted[Math.floor(sorted.length / 2)]?.version ?? '' };
  });
}

/** Package and CVE of every fix that is later than what is installed. */
export function labelsOf(installed: readonly Installed[], fixes: readonly Fix[], isEarlier: IsEarlier): Set<string> {
  const byName = Map.groupBy(fixes, (fix) => fix.package);
  const questions = installed.flatMap(({ name, version }) => (byName.get(name) ?? []).map((fix) => ({ name, version, fix })));
  const answers = isEarlier(questions.map(({ version, fix }) => [version, fix.fixed] as const));
  return new Set(questions.flatMap(({ name, fix }, index) => (answers[index] ? fix.cves.map((cve) => `${name} ${cve}`) : [])));
}

export function dpkgStatus(installed: readonly Installed[]): string {
  const stanza = ({ name, version }: Installed): string =>
    `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;
  return installed.map(stanza).join('\n');
}

export function apkInstalled(installed: readonly Installed[]): string {
  return installed.map(({ name, version }) => `C:Q1\nP:${name}\nV:${version}\nA:x86_64\no:${name}\n`).join('\n');
}

/** A CycloneDX document of package URLs. */
export function bill(purls: readonly string[]): string {
  return JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    components: purls.map((purl) => ({ type: 'library', name: 'x', purl })),
  });
}
