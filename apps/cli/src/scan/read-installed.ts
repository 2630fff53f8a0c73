import type { Host } from '@vedette/collectors';
import {
  addApkOwners,
  addDpkgOwners,
  addRpmOwners,
  ExtractorError,
  extractionLimits,
  extractors,
  rpmDatabaseHeaders,
  type FileOwners,
} from '@vedette/extractors';
import type { ScannedFile } from './target.ts';
import { withSqliteHeaders } from './rpm-sqlite.ts';

/** What one installed package says of itself has a few kilobytes. */
const maxBytes = 4 * 1024 * 1024;
const dpkgLists = '/var/lib/dpkg/info';

/**
 * Installed packages of languages, each with the distribution's package that brought its files, if one did. `paths` lie below the root
 * that `host` shows. What cannot be read is left out: a file of that name need not be what it looks like.
 */
export function readInstalled(host: Host, paths: readonly string[], databases: readonly string[]): ScannedFile[] {
  const owners = ownersOf(host, new Set(paths.map((path) => `/${path}`)), databases);
  return paths.flatMap((path) => {
    try {
      const extractor = extractors.find((one) => one.installedAs?.test(path));
      const content = host.readFile(`/${path}`, { maxBytes });
      if (!extractor || !content) return [];
      return [{ path, kind: extractor.name, extraction: extractor.extract(content), owner: owners.get(`/${path}`) ?? null }];
    } catch {
      return [];
    }
  });
}

/** `databases`: those that were found, as absolute paths below the root. */
function ownersOf(host: Host, wanted: ReadonlySet<string>, databases: readonly string[]): FileOwners {
  const owners: FileOwners = new Map();
  if (wanted.size === 0) return owners;
  const limit = { maxBytes: extractionLimits.fileBytes };
  for (const name of host.listDirectory(dpkgLists) ?? []) {
    const content = name.endsWith('.list') ? host.readFile(`${dpkgLists}/${name}`, limit) : null;
    if (content) addDpkgOwners(owners, wanted, name, content);
  }
  for (const path of databases) {
    const content = /\/apk\/db\/|\/rpm\//.test(path) ? host.readFile(path, limit) : null;
    if (content === null) continue;
    try {
      if (path.endsWith('.sqlite')) {
        withSqliteHeaders(content, host.readFile(`${path}-wal`, limit), (headers) => addRpmOwners(owners, wanted, headers));
      } else if (path.includes('/apk/db/')) addApkOwners(owners, wanted, content);
      else addRpmOwners(owners, wanted, rpmDatabaseHeaders(content));
    } catch (error) {
      // The database was reported already; a package without known owner is judged by its own registry.
      if (!(error instanceof ExtractorError)) throw error;
    }
  }
  return owners;
}
