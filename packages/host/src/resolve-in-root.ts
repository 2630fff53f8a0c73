import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** As many links as the kernel follows, see path_resolution(7). */
const maxLinks = 40;

/**
 * Where `path` lies when `root` is taken for `/`, as chroot(2) would resolve it: links are followed inside, absolute ones start
 * at `root` again, and `..` stops there. Not safe against someone who changes the tree meanwhile (that takes openat2(2)), so
 * a root is for images and mounted disks, not for a directory that others write to.
 */
export function resolveInRoot(root: string, path: string, options: { followLast: boolean } = { followLast: true }): string {
  const pending = path.split('/').toReversed();
  let inside: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const name = pending.pop();
    if (name === undefined || name === '' || name === '.') continue;
    if (name === '..') {
      inside.pop();
      continue;
    }
    const candidate = join(root, ...inside, name);
    const isLast = pending.every((part) => part === '');
    const isLink = lstatSync(candidate, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    if (!isLink || (isLast && !options.followLast)) {
      inside.push(name);
      continue;
    }
    links += 1;
    if (links > maxLinks) throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' });
    const target = readlinkSync(candidate);
    if (target.startsWith('/')) inside = [];
    pending.push(...target.split('/').toReversed());
  }
  return join(root, ...inside);
}
