import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  apkInstalled,
  behind,
  bill,
  dpkgStatus,
  labelsOf,
  type Fix,
  type Installed,
  type Inventory,
  type IsEarlier,
} from './inventory.ts';
import { byDpkg, byNumbers, byRpm } from './judges.ts';
import { almalinuxFixes, alpineFixes, debianFixes, goStretches, pypiVersions, ubuntuFixes, unfixed } from './raw-facts.ts';

const data = join(process.env['VEDETTE_SHARED'] ?? resolve(import.meta.dirname, '../../../shared'), 'data');

/** Archives that the gate reads, with what is taken of them: a year of Ubuntu's tracker is enough, and short. */
export const archives: Readonly<Record<string, readonly string[]>> = {
  'debian/security-tracker-lists-2025-02-13.tar.zst': [],
  'debian/derived-dsa-dla-since-2025-02-13.tar.zst': ['*.list'],
  'almalinux/osv-database-2026-08-21.tar.zst': [],
  'alpine/aports-secfixes-v3.16.tar.zst': [],
  'ubuntu/ubuntu-cve-tracker-2024-02-16.tar.zst': ['*/CVE-2023-[12]*'],
  'lang/pypa-advisory-database-2024-10-10.tar.zst': [],
  'lang/golang-vulndb-2026-08-21.tar.zst': [],
};

/** Unpacks what the gate reads, each archive into a folder of its name. */
export function unpackAll(folder: string): void {
  for (const [archive, members] of Object.entries(archives)) {
    const into = join(folder, (archive.split('/').at(-1) ?? '').replace(/\.tar\.zst$/, ''));
    mkdirSync(into, { recursive: true });
    execFileSync('tar', [
      '--zstd',
      '-xf',
      join(data, archive),
      '-C',
      into,
      ...(members.length > 0 ? ['--wildcards', ...members] : []),
    ]);
  }
}

/** Every inventory with its labels, from unpacked archives. */
export function inventories(folder: string): Inventory[] {
  const files = filesOf(folder);
  const below = (archive: string, name: RegExp): string[] =>
    files.filter((file) => file.includes(`/${archive}`) && name.test(file));
  const debian = debianFixes([...below('security-tracker-lists', /list$/), ...below('derived-dsa-dla', /\.list$/)]);
  const ubuntu = ubuntuFixes(below('ubuntu-cve-tracker', /\/CVE-2023-\d+$/));
  const almalinux = almalinuxFixes(below('osv-database', /\/AL[SBE]A-[^/]*\.json$/));
  return [
    ...['bullseye', 'bookworm', 'trixie'].map((release) => debianLike('debian', release, debian)),
    ...['focal', 'jammy'].map((release) => debianLike('ubuntu', release, ubuntu)),
    ...['8', '9', '10'].map((release) => rpmMachine(release, almalinux)),
    alpineMachine('3.16', below('aports-secfixes-v3.16', /APKBUILD$/)),
    pythonEnvironment(below('pypa-advisory-database', /PYSEC-[^/]*\.yaml$/)),
    goModules(below('golang-vulndb', /GO-[^/]*\.json$/)),
  ];
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

const versions: Readonly<Record<string, string>> = {
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  focal: '20.04',
  jammy: '22.04',
};

function debianLike(id: 'debian' | 'ubuntu', release: string, all: readonly Fix[]): Inventory {
  const fixes = all.filter((fix) => fix.release === release);
  const installed = behind(
    fixes.filter(({ fixed }) => fixed !== unfixed),
    byDpkg,
    1,
  );
  return {
    name: `${id}-${release}`,
    ecosystem: id,
    file: { name: 'status', content: dpkgStatus(installed) },
    distro: `${id}:${versions[release] ?? ''}`,
    packages: installed.length,
    labels: labelsOf(installed, fixes, byDpkg),
    route: `${id === 'debian' ? 'DSA/list and DLA/list' : 'status lines of the CVE tracker'} line by line, versions compared by Dpkg::Version`,
  };
}

/** Without modules: which of several streams a fix is for is told by the advisory alone (packages/matching/src/module.test.ts). */
function rpmMachine(release: string, all: readonly Fix[]): Inventory {
  const fixes = all.filter((fix) => fix.release === release && !fix.fixed.includes('.module'));
  const modular = new Set(all.flatMap((fix) => (fix.fixed.includes('.module') ? [fix.package] : [])));
  const plain = fixes.filter((fix) => !modular.has(fix.package));
  const installed = behind(plain, byRpm, 4);
  const purls = installed.map(({ name, version }) => {
    const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/.exec(version) ?? [];
    return `pkg:rpm/almalinux/${name}@${encodeURIComponent(rest)}?arch=x86_64&epoch=${epoch}&distro=almalinux-${release}`;
  });
  return {
    name: `almalinux-${release}`,
    ecosystem: 'almalinux',
    file: { name: 'bom.json', content: bill(purls) },
    distro: null,
    packages: installed.length,
    labels: labelsOf(installed, plain, byRpm),
    route: 'OSV documents as bare JSON, versions compared by rpm itself',
  };
}

/** Recipes whose versions are plain numbers and a build: 1.2.3-r4. */
function alpineMachine(release: string, files: readonly string[]): Inventory {
  const plain = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){1,4}-r\d+$/;
  const fixes = alpineFixes(files)
    .filter((recipe) => recipe.fixes.length > 1 && recipe.fixes.every(({ fixed }) => plain.test(fixed)))
    .flatMap((recipe) => recipe.fixes.map((fix) => ({ ...fix, release, package: recipe.package })));
  const installed = behind(fixes, byNumbers, 1);
  return {
    name: `alpine-${release}`,
    ecosystem: 'alpine',
    file: { name: 'installed', content: apkInstalled(installed) },
    distro: `alpine:${release}`,
    packages: installed.length,
    labels: labelsOf(installed, fixes, byNumbers),
    route: 'secfixes of the recipes, plain versions compared number by number',
  };
}

/** Of each package one version that some document lists as affected. */
function pythonEnvironment(files: readonly string[]): Inventory {
  const documents = pypiVersions(files);
  const byName = Map.groupBy(documents, (one) => one.package.toLowerCase().replaceAll(/[-_.]+/g, '-'));
  const installed = [...byName].flatMap(([name, all]) => {
    const listed = [...new Set(all.flatMap((one) => one.versions))].toSorted();
    const version = listed[Math.floor(listed.length / 2)];
    // A document that lists none has stretches only.
    return version === undefined || all.some((one) => one.versions.length === 0) ? [] : [{ name, version }];
  });
  const labels = installed.flatMap(({ name, version }) =>
    (byName.get(name) ?? []).flatMap((one) => (one.versions.includes(version) ? one.cves.map((cve) => `${name} ${cve}`) : [])),
  );
  return {
    name: 'python',
    ecosystem: 'pypi',
    file: { name: 'requirements.txt', content: installed.map(({ name, version }) => `${name}==${version}`).join('\n') },
    distro: null,
    packages: installed.length,
    labels: new Set(labels),
    route: 'the affected versions that each document lists one by one; no version is compared',
  };
}

/** Modules whose advisories speak of plain versions only; pseudo-versions are left to the vectors of the version order. */
function goModules(files: readonly string[]): Inventory {
  const plain = /^\d+\.\d+\.\d+$/;
  const isPlain = (text: string | null): boolean => text === null || text === '0' || plain.test(text);
  const byName = [...Map.groupBy(goStretches(files), (one) => one.package)].filter(
    ([name, all]) => /^[a-z0-9-]+\.[a-z]+\//.test(name) && all.every(({ from, to }) => isPlain(from) && isPlain(to)),
  );
  const isEarlier: IsEarlier = byNumbers;
  const installed: Installed[] = [];
  const labels = new Set<string>();
  for (const [name, all] of byName) {
    const fixes = all.flatMap(({ to, cves }) => (to === null ? [] : [{ release: '', package: name, fixed: to, cves }]));
    const [one] = behind(fixes, isEarlier, 1);
    if (!one) continue;
    installed.push(one);
    for (const { from, to, cves } of all) {
      const [tooEarly, before] = isEarlier([
        [one.version, from === '0' ? '0.0.0' : from],
        [one.version, to ?? '999999.0.0'],
      ]);
      if (!tooEarly && before) for (const cve of cves) labels.add(`${name} ${cve}`);
    }
  }
  return {
    name: 'go',
    ecosystem: 'go',
    file: {
      name: 'go.mod',
      content: `module example.org/a\n\nrequire (\n${installed.map(({ name, version }) => `\t${name} v${version}`).join('\n')}\n)\n`,
    },
    distro: null,
    packages: installed.length,
    labels,
    route: 'OSV documents as bare JSON, plain versions compared number by number',
  };
}
