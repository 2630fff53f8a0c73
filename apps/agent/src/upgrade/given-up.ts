import { join } from 'node:path';
import { type Disk, replaceFile } from './disk.ts';

/** So often a target may come wrong from everywhere. */
export const mostWrong = 3;
const maxKept = 32;

/** Targets that came wrong, by what their metadata says: with new metadata they are another target, and counted anew. */
export class GivenUp {
  readonly #disk: Disk;
  readonly #path: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#path = join(directory, 'wrong-targets.json');
  }

  isGivenUp(key: string): boolean {
    return (this.#counts().get(key) ?? 0) >= mostWrong;
  }

  note(key: string): void {
    const counts = this.#counts();
    const count = (counts.get(key) ?? 0) + 1;
    counts.delete(key);
    const kept = [...counts, [key, count] as const].slice(-maxKept);
    replaceFile(this.#disk, this.#path, JSON.stringify(kept));
  }

  #counts(): Map<string, number> {
    try {
      const found = this.#disk.read(this.#path, 64 * 1024);
      return new Map(found ? (JSON.parse(found.toString('utf8')) as [string, number][]) : []); // our own file; damage only forgets
    } catch {
      return new Map();
    }
  }
}
