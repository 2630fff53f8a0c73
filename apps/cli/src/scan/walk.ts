import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { extractors } from '@vedette/extractors';

/** Installed dependencies name the lock files of others; what git keeps is no working copy. */
const passedOver: ReadonlySet<string> = new Set(['node_modules', '.git', '.hg', '.svn', '__pycache__', '.venv', '.tox']);
/** Of a root file system: what belongs to the kernel or, in all likelihood, to packages that are judged by their database. */
const passedOverInRoot: ReadonlySet<string> = new Set([
  'proc',
  'sys',
  'dev',
  'run',
  'tmp',
  'boot',
  'usr',
  'lib',
  'lib64',
  'bin',
  'sbin',
  'lost+found',
  'var/lib',
  'var/cache',
  'var/log',
  'var/tmp',
  'var/spool',
  'etc',
]);
const maxDepth = 24;
const maxEntries = 500_000;

/**
 * Paths, below `directory`, of files that an extractor knows by name, in order. Symbolic links are not followed. go.sum names every version
 * ever looked at, so it counts only where no go.mod says what is built in.
 */
export function lockFilesBelow(directory: string, isRoot: boolean): string[] {
  const found: string[] = [];
  let entries = 0;
  const visit = (folder: string, depth: number): void => {
    const names = list(join(directory, folder));
    const hasGoMod = names.some((entry) => entry.name === 'go.mod');
    for (const entry of names) {
      entries += 1;
      if (entries > maxEntries) return;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        const isPassedOver = passedOver.has(entry.name) || (isRoot && passedOverInRoot.has(path));
        if (!isPassedOver && depth < maxDepth) visit(path, depth + 1);
      } else if (entry.isFile() && !(hasGoMod && entry.name === 'go.sum') && isKnown(entry.name)) {
        found.push(path);
      }
    }
  };
  visit('', 0);
  return found;
}

function isKnown(name: string): boolean {
  return extractors.some((one) => one.fileNames?.test(name));
}

/** A directory that may not be listed holds nothing for us. */
function list(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
