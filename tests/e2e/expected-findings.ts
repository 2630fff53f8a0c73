/**
 * The vulnerabilities of a Debian machine worked out a second time, without anything of ours: from what dpkg-query prints and the
 * raw lists of Debian's security tracker, versions compared by dpkg itself. What the platform says is held against this.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What to ask dpkg-query for, to read its answer with `readInstalled`. */
export const installedFormat =
  '${binary:Package}\t${Package}\t${Architecture}\t${Version}\t${source:Package}\t${source:Version}\t${db:Status-Status}\t${Installed-Size}\n';

export interface InstalledPackage {
  /** As dpkg takes it on a command line, with the architecture where there may be several. */
  readonly selector: string;
  readonly name: string;
  readonly architecture: string;
  readonly version: string;
  readonly source: string;
  readonly sourceVersion: string;
  readonly installedKiB: number;
}

/** One line to compare and to read: "CVE-2023-4911 libc6:amd64 2.36-9 fixed in 2.36-9+deb12u3". */
export function findingLine(
  name: string,
  pkg: { name: string; architecture: string; version: string },
  fixed: string | null,
): string {
  return `${name} ${pkg.name}:${pkg.architecture} ${pkg.version} ${fixed === null ? 'without a fix' : `fixed in ${fixed}`}`;
}

export function readInstalled(table: string): InstalledPackage[] {
  return table
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((cells) => cells.length === 8 && !['config-files', 'not-installed'].includes(cells[6] ?? ''))
    .map(([selector = '', name = '', architecture = '', version = '', source = '', sourceVersion = '', , size]) => ({
      selector,
      name,
      architecture,
      version,
      ...underAdvisoryName(source, sourceVersion),
      installedKiB: Number(size),
    }));
}

/** Signed kernels are built from a second source package, 6.1.2+1 from 6.1.2-1; advisories speak of `linux`. */
function underAdvisoryName(source: string, sourceVersion: string): { source: string; sourceVersion: string } {
  const isSigned = source.startsWith('linux-signed-');
  return isSigned ? { source: 'linux', sourceVersion: sourceVersion.replace('+', '-') } : { source, sourceVersion };
}

/** What the lists say of one vulnerability in one source package: versions, or words such as <unfixed>. */
export interface Said {
  readonly source: string;
  readonly name: string;
  readonly byAdvisory: string[];
  readonly byChangelog: string[];
}

export interface Release {
  /** VERSION_CODENAME and VERSION_ID of os-release(5). */
  readonly codename: string;
  readonly number: string;
}

/** Everything the files in `directory` say of a release, by source package. */
export function readLists(directory: string, { codename, number }: Release): Map<string, Said[]> {
  const said = new Map<string, Said>();
  const about = (source: string, name: string): Said => {
    const key = `${source} ${name}`;
    const known = said.get(key) ?? { source, name, byAdvisory: [], byChangelog: [] };
    said.set(key, known);
    return known;
  };
  const linesOf = (pattern: string) =>
    globSync(pattern, { cwd: directory }).flatMap((file) => readFileSync(join(directory, file), 'utf8').split('\n'));
  let names: string[] = [];
  for (const line of linesOf('D[SL]A*.list')) {
    const id = /^\[.*?\] (D[SL]A-\S+)/.exec(line)?.[1];
    if (id) names = [id];
    else if (/^\s*\{/.test(line)) names = line.match(/CVE-\d+-\d+/g) ?? names;
    const [, source, version] = new RegExp(`^\\s+\\[${codename}\\] - (\\S+) (\\S+)`).exec(line) ?? [];
    if (source && version) for (const name of names) about(source, name).byAdvisory.push(version);
  }
  for (const line of linesOf('changelog-fixes-*.tsv')) {
    const [source = '', version = '', name = ''] = line.split('\t');
    if (new RegExp(`deb${number}u[0-9.]+$`).test(version)) about(source, name).byChangelog.push(version);
  }
  return Map.groupBy(said.values(), ({ source }) => source);
}

/** Sorted lines of what must be found. */
export function expectedFindings(lists: ReadonlyMap<string, readonly Said[]>, installed: readonly InstalledPackage[]): string[] {
  const matters = installed.flatMap((pkg) => (lists.get(pkg.source) ?? []).map((said) => ({ pkg, said })));
  const isLess = askDpkg(
    matters.flatMap(({ pkg, said }) =>
      [said.byAdvisory, said.byChangelog].flatMap((versions) =>
        [pkg.sourceVersion, ...versions].flatMap((a) => versions.map((b) => [a, b] as const)),
      ),
    ),
  );
  return matters
    .flatMap(({ pkg, said }) => {
      const fixed = fixedVersion(said, isLess);
      const isAffected = fixed === null || (fixed !== undefined && isLess(pkg.sourceVersion, fixed));
      return isAffected ? [findingLine(said.name, pkg, fixed)] : [];
    })
    .toSorted();
}

type IsLess = (a: string, b: string) => boolean;

/** Null: there is none, every version is affected. Undefined: no version is affected. */
function fixedVersion({ byAdvisory, byChangelog }: Said, isLess: IsLess): string | null | undefined {
  // Later entries of a changelog repeat names; only where no advisory speaks, the first of them counts.
  if (byAdvisory.length === 0) return byChangelog.reduce((lowest, version) => (isLess(version, lowest) ? version : lowest));
  const said = byAdvisory.filter((version) => version !== '<not-affected>');
  if (said.some((version) => version.startsWith('<'))) return null;
  // A second advisory for the same vulnerability means that the first fix was not enough.
  return said.reduce<string | undefined>(
    (highest, version) => (highest && isLess(version, highest) ? highest : version),
    undefined,
  );
}

/** Puts all comparisons to dpkg at once; words such as <unfixed> are never earlier. */
export function askDpkg(pairs: readonly (readonly [string, string])[]): IsLess {
  const questions = new Set(pairs.map((pair) => pair.join(' ')).filter((question) => /^[^<\s]+ [^<\s]+$/.test(question)));
  const script = 'while read -r a b; do if dpkg --compare-versions "$a" lt "$b"; then echo "$a $b"; fi; done';
  const input = [...questions, ''].join('\n');
  const less = new Set(execFileSync('sh', ['-c', script], { input, encoding: 'utf8' }).split('\n'));
  return (a, b) => less.has(`${a} ${b}`);
}
