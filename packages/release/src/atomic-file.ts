import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts a file in place as a whole or not at all, also when the power fails in between: written beside it, flushed, renamed, flushed. */
export async function writeAtomically(file: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  const beside = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    await using handle = await open(beside, 'wx', mode);
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Makes renames in a folder last (fsync of a directory, rename(2)). */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
