import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { extractors } from '@vedette/extractors';

/** Installed dependencies name the lock files of others; what git keeps is no working copy. */
const passedOver: ReadonlySet<string> = new Set(['node_modules', '.git', '.hg', '.svn', '__pycache__', '.venv', '.tox']);
/** Of a root file system: what belongs to the kernel, comes and goes, or holds other file systems. */
const passedOverInRoot: ReadonlySet<string> = new Set(
  (
    'proc sys dev run tmp boot lost+found lib/modules lib/firmware usr/lib/modules usr/lib/firmware usr/include usr/src ' +
    'usr/share/doc usr/share/man usr/share/locale usr/share/icons usr/share/fonts ' +
    'var/cache var/log var/tmp var/spool var/lib/docker var/lib/containers var/lib/containerd'
  ).split(' '),
);
/** Of a root file system: what packages bring, whose lock files are those of their makers. */
const withoutLocksInRoot: ReadonlySet<string> = new Set(['usr', 'lib', 'lib64', 'bin', 'sbin', 'var/lib', 'etc']);
const maxDepth = 24;
const maxEntries = 2_000_000;

export interface FilesBelow {
  /** Paths, below the directory, of files that an extractor knows by name, in order. */
  readonly lockFiles: readonly string[];
  /** Of a root file system: paths of what installed packages of languages say of themselves. */
  readonly installed: readonly string[];
  /** Whether there is more than anybody looked at. */
  readonly isCut: boolean;
}

/**
 * Files of interest below a directory. Symbolic links are not followed. go.sum names every version ever looked at, so it counts only
 * where no go.mod says what is built in.
 */
export function filesBelow(directory: string, isRoot: boolean): FilesBelow {
  const lockFiles: string[] = [];
  const installed: string[] = [];
  let entries = 0;
  const take = (path: string, name: string, wantsLocks: boolean): void => {
    if (wantsLocks && extractors.some((one) => one.fileNames?.test(name))) lockFiles.push(path);
    else if (isRoot && extractors.some((one) => one.installedAs?.test(path))) installed.push(path);
  };
  const visit = (folder: string, depth: number, wantsLocks: boolean): void => {
    const names = list(join(directory, folder));
    const hasGoMod = names.some((entry) => entry.name === 'go.mod');
    for (const entry of names) {
      entries += 1;
      if (entries > maxEntries) return;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && depth < maxDepth) {
        const isOthers = passedOver.has(entry.name);
        const isPassedOver = isRoot ? passedOverInRoot.has(path) || entry.name === '.git' : isOthers;
        if (!isPassedOver) visit(path, depth + 1, wantsLocks && !isOthers && !(isRoot && withoutLocksInRoot.has(path)));
      } else if (entry.isFile() && !(hasGoMod && entry.name === 'go.sum')) {
        take(path, entry.name, wantsLocks);
      }
    }
  };
  visit('', 0, true);
  return { lockFiles, installed, isCut: entries > maxEntries };
}

/** A directory that may not be listed holds nothing for us. */
function list(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
