import { HostError, parseOsRelease, type Host } from '@vedette/collectors';
import {
  ExtractorError,
  extractDpkg,
  extractionLimits,
  extractors,
  readReleaseFile,
  releaseFiles,
  type Distribution,
  type Extraction,
} from '@vedette/extractors';
import type { ScannedFile, Target } from './target.ts';
import { extractRpmSqlite } from './rpm-sqlite.ts';

/** Where the package managers keep their databases; of several of one kind the first that exists is read. */
const databases: readonly { readonly kind: string; readonly paths: readonly string[] }[] = [
  { kind: 'dpkg', paths: ['/var/lib/dpkg/status', '/usr/lib/dpkg/status'] },
  { kind: 'apk', paths: ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'] },
  {
    kind: 'rpm',
    paths: ['/usr/lib/sysimage/rpm', '/var/lib/rpm', '/usr/share/rpm'].flatMap((folder) =>
      ['rpmdb.sqlite', 'Packages.db', 'Packages'].map((name) => `${folder}/${name}`),
    ),
  },
];
/** Images without a package manager keep one file for each package here. */
const statusFolder = '/var/lib/dpkg/status.d';

/** Package databases below a directory that is taken for `/`; links cannot lead out of it. Nothing of them is there: no files. */
export function readRoot(host: Host): Pick<Target, 'files' | 'distribution' | 'unreadable'> {
  const files: ScannedFile[] = [];
  const unreadable: { path: string; reason: string }[] = [];
  const attempt = (path: string, kind: string, read: () => Extraction | null): boolean => {
    try {
      const extraction = read();
      if (extraction) files.push({ path, kind, extraction, owner: null });
      return extraction !== null;
    } catch (error) {
      if (!(error instanceof ExtractorError) && !(error instanceof HostError)) throw error;
      unreadable.push({ path, reason: error.message });
      return true;
    }
  };
  for (const { kind, paths } of databases) {
    paths.some((path) => attempt(path, kind, () => readDatabase(host, kind, path)));
  }
  attempt(statusFolder, 'dpkg', () => readStatusFolder(host));
  return { files, unreadable, distribution: readDistribution(host) };
}

function readDatabase(host: Host, kind: string, path: string): Extraction | null {
  const limit = { maxBytes: extractionLimits.fileBytes };
  const content = host.readFile(path, limit);
  if (content === null) return null;
  if (path.endsWith('.sqlite')) return extractRpmSqlite(content, host.readFile(`${path}-wal`, limit));
  return extractors.find((one) => one.name === kind)?.extract(content) ?? null;
}

function readStatusFolder(host: Host): Extraction | null {
  const names = (host.listDirectory(statusFolder) ?? []).filter(
    (name) => !/\.(md5sums|preinst|postinst|prerm|postrm)$/.test(name),
  );
  if (names.length === 0) return null;
  const parts = names.flatMap((name) => {
    const content = host.readFile(`${statusFolder}/${name}`, { maxBytes: 1024 * 1024 });
    return content ? [extractDpkg(content, 'fragment')] : [];
  });
  return {
    packages: parts.flatMap((part) => part.packages),
    problems: parts.flatMap((part) => part.problems).slice(0, extractionLimits.problems),
    distribution: null,
  };
}

function readDistribution(host: Host): Distribution | null {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = host.readText(path, { maxBytes: 64 * 1024 });
    if (text === null) continue;
    const variables = parseOsRelease(text);
    const id = variables.get('ID') ?? '';
    if (id === '') continue;
    return { id, versionId: variables.get('VERSION_ID') ?? '', codename: variables.get('VERSION_CODENAME') ?? '' };
  }
  for (const path of releaseFiles) {
    const text = host.readText(path, { maxBytes: 64 * 1024 });
    const distribution = text === null ? null : readReleaseFile(path, text);
    if (distribution) return distribution;
  }
  return null;
}
