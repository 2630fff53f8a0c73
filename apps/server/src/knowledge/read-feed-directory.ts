import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Feed, matchesSource } from '@vedette/feeds';
import { FeedFetchError } from './feed-error.ts';
import type { LocalFile } from './feed-parser.ts';

/** How deep and how wide an offline directory is searched. */
const maxDepth = 4;
const maxFiles = 250_000;

/** Every file of an offline directory, subdirectories included, by name. Throws FeedFetchError. */
export async function listDirectory(root: string): Promise<LocalFile[]> {
  const found: LocalFile[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    let entries;
    try {
      entries = await readdir(directory, { withFileTypes: true });
    } catch (error) {
      throw new FeedFetchError('NOT_FOUND', `The feed directory ${directory} cannot be read; check VEDETTE_FEED_DIR.`, {
        cause: error,
      });
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && depth < maxDepth) await walk(path, depth + 1);
      else if (entry.isFile()) found.push({ path, name: entry.name, place: relative(root, path).replaceAll('\\', '/') });
      if (found.length > maxFiles) throw new FeedFetchError('TOO_LARGE', `The feed directory has more than ${maxFiles} files.`);
    }
  };
  await walk(root, 0);
  return found;
}

/** Those that belong to the feed. */
export function filesOf(feed: Feed, files: readonly LocalFile[]): LocalFile[] {
  return files.filter(({ name }) => plainNames(name).some((plain) => feed.files.some((source) => matchesSource(source, plain))));
}

/** A file may lie there compressed, whatever its feed's own form. */
function plainNames(name: string): string[] {
  return [name, name.replace(/\.(zst|gz|bz2)$/, '')];
}
