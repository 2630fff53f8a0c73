import type { Detection, DetectionPackage } from '@vedette/protocol';
import type { PrivateCopy } from '@vedette/testkit';
import { askDpkg, type InstalledPackage } from './expected-findings.ts';

/** Packages of one source whose upgrade closes detections. */
export interface Upgrade {
  readonly source: string;
  /** Names as apt takes them. */
  readonly packages: readonly string[];
}

/** Asking apt for one source takes a second; whatever comes behind these is too large to be quick anyway. */
const maxSimulations = 12;

/** Refreshes the lists of packages. False where no archive answers. */
export async function canReachArchive(copy: PrivateCopy): Promise<boolean> {
  // Other sources of this machine may fail; --error-on=any would count them too. Debian's own must have been fetched.
  const output = await copy.run('sh', ['-c', 'apt-get update -o Acquire::Retries=0 -o Acquire::http::Timeout=20 2>&1 || :']);
  return /^(Hit|Get):.* \S*debian\S* .*InRelease/m.test(output) && !/^(Err|W: Failed to fetch).*debian\.org/m.test(output);
}

/** The smallest pending upgrade that closes all detections of a source and pulls nothing else along; null where none is pending. */
export async function pendingUpgrade(copy: PrivateCopy, open: readonly Pick<Detection, 'packages'>[]): Promise<Upgrade | null> {
  const pending = await pendingVersions(copy);
  const affected = open.flatMap(({ packages }) => packages);
  const isLess = askDpkg(affected.map(({ name, fixed }) => [pending.get(name) ?? '', fixed ?? '']));
  const isCured = ({ name, fixed }: DetectionPackage) =>
    pending.has(name) && fixed !== null && !isLess(pending.get(name) ?? '', fixed);
  const curable = [...Map.groupBy(affected, ({ source }) => source)].filter(([, packages]) => packages.every(isCured));
  if (curable.length === 0) return null;
  const bytes = await downloadBytes(copy, [...new Set(curable.flatMap(([, packages]) => packages.map(({ name }) => name)))]);
  const upgrades = curable.map(([source, packages]) => ({ source, packages: [...new Set(packages.map(({ name }) => name))] }));
  const size = ({ packages }: Upgrade) => packages.reduce((sum, name) => sum + (bytes.get(name) ?? 0), 0);
  for (const candidate of upgrades.toSorted((a, b) => size(a) - size(b)).slice(0, maxSimulations)) {
    if (await upgradesOnly(copy, candidate.packages)) return candidate;
  }
  return null;
}

/** Version that apt would install, by package. */
async function pendingVersions(copy: PrivateCopy): Promise<Map<string, string>> {
  const plan = await copy.run('apt-get', ['-s', 'dist-upgrade']);
  return new Map([...plan.matchAll(/^Inst (\S+) \[\S+\] \((\S+) /gm)].map(([, name = '', version = '']) => [name, version]));
}

/** Size of each package's candidate. */
async function downloadBytes(copy: PrivateCopy, packages: readonly string[]): Promise<Map<string, number>> {
  const records = (await copy.run('apt-cache', ['show', '--no-all-versions', ...packages])).split('\n\n');
  const field = (record: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? '';
  return new Map(records.map((record) => [field(record, 'Package'), Number(field(record, 'Size'))]));
}

const onlyUpgrade = ['install', '-y', '--only-upgrade', '--no-install-recommends'];

async function upgradesOnly(copy: PrivateCopy, packages: readonly string[]): Promise<boolean> {
  const plan = await copy.run('apt-get', ['-s', ...onlyUpgrade, ...packages]).catch(() => '');
  const touched = [...plan.matchAll(/^(?:Inst|Remv) (\S+)/gm)].map(([, name = '']) => name);
  return touched.toSorted().join() === packages.toSorted().join();
}

/** What a person would type. */
export async function upgrade(copy: PrivateCopy, packages: readonly string[]): Promise<void> {
  await copy.run('apt-get', [...onlyUpgrade, ...packages]);
}

/** Where no upgrade is pending: a package that the archive could bring again, and a version below its last fix. */
export interface Lowering {
  readonly package: string;
  readonly version: string;
}

/**
 * Finds a small package, the only one of its source here, in the newest version and with a fix in its past, that nothing keeps
 * from being put back to before that fix. `fixes` gives the fixed versions that are known of a source.
 */
export async function possibleLowering(
  copy: PrivateCopy,
  installed: readonly InstalledPackage[],
  fixes: (source: string) => readonly string[],
): Promise<Lowering | null> {
  const alone = [...Map.groupBy(installed, ({ source }) => source).values()]
    .flatMap((group) => (group.length === 1 ? group : []))
    .filter(({ source, version, sourceVersion }) => version === sourceVersion && fixes(source).length > 0)
    .toSorted((a, b) => a.installedKiB - b.installedKiB);
  const isLess = askDpkg(alone.flatMap(({ source, version }) => fixes(source).map((fixed) => [version, fixed] as const)));
  for (const { selector, source, version } of alone) {
    const fixed = fixes(source).find((one) => !isLess(version, one));
    const policy = fixed === undefined ? '' : await copy.run('apt-cache', ['policy', selector]);
    // The second line says that some archive has it: "500 http://…".
    if (policy.includes(`Candidate: ${version}\n`) && /^ +\d+ https?:/m.test(policy)) {
      return { package: selector, version: `${fixed}~` };
    }
  }
  return null;
}

/**
 * The installed package as a .deb again, as dpkg-repack(1) would make it; with another version where one is given. Returns its
 * path inside the copy. Directories are left to dpkg-deb: on a merged /usr some of them are links here.
 */
export async function repack(copy: PrivateCopy, selector: string, version?: string): Promise<string> {
  const script = `set -eu
    tree=$(mktemp -d)
    chmod 755 "$tree"
    dpkg-query -L "$1" | while read -r path; do
      case $path in /bin|/sbin|/lib|/lib32|/lib64|/libx32) continue ;; esac
      if [ -L "$path" ] || [ -f "$path" ]; then echo ".$path"; fi
    done >"$tree.files"
    tar -C / --no-recursion -cf - -T "$tree.files" | tar -C "$tree" -xpf -
    mkdir "$tree/DEBIAN"
    dpkg-query -s "$1" | awk -v version="$2" '
      /^[^ ]/ { skip = /^(Status|Conffiles):/ }
      /^Version:/ && version != "" { print "Version: " version; next }
      !skip' >"$tree/DEBIAN/control"
    for file in $(dpkg-query --control-path "$1"); do
      case \${file##*.} in md5sums|list) ;; *) cp -p "$file" "$tree/DEBIAN/\${file##*.}" ;; esac
    done
    dpkg-deb --root-owner-group -Znone -b "$tree" "$tree.deb" >&2
    echo "$tree.deb"`;
  return (await copy.run('sh', ['-c', script, 'sh', selector, version ?? ''])).trim();
}

/** Installs .deb files that may be older than what is there. */
export async function installFiles(copy: PrivateCopy, files: readonly string[]): Promise<void> {
  await copy.run('dpkg', ['--force-downgrade', '--force-confold', '-i', ...files]);
}
