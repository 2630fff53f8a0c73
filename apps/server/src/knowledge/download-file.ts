import { appendFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PartialFile, Validators } from '@vedette/feeds';
import { z } from 'zod';

const About = z.object({ url: z.string(), etag: z.string().nullable(), lastModified: z.string().nullable() });
type About = z.infer<typeof About>;

/** A download on disk: `path`.part, and beside it what the source said of it. Both are written before a byte counts as there. */
export class DownloadFile implements PartialFile {
  readonly #path: string;
  #size = 0;
  #about: About | null = null;

  private constructor(path: string) {
    this.#path = path;
  }

  /** With what an earlier program left there; a pair that does not belong together counts as nothing. */
  static async open(path: string): Promise<DownloadFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = new DownloadFile(path);
    try {
      file.#about = About.parse(JSON.parse(await readFile(`${path}.part.json`, 'utf8')));
      file.#size = (await stat(`${path}.part`)).size;
    } catch {
      file.#about = null;
      file.#size = 0;
    }
    return file;
  }

  get size(): number {
    return this.#size;
  }

  get about(): About | null {
    return this.#about;
  }

  async begin(about: Validators & { readonly url: string }): Promise<void> {
    this.#about = about;
    this.#size = 0;
    await rm(`${this.#path}.part.json`, { force: true });
    await writeFile(`${this.#path}.part`, '', { mode: 0o600 });
    await writeFile(`${this.#path}.part.json`, JSON.stringify(about), { mode: 0o600 });
  }

  async append(chunk: Uint8Array): Promise<void> {
    await appendFile(`${this.#path}.part`, chunk);
    this.#size += chunk.length;
  }

  /** Where the bytes lie until the file is kept or thrown away. */
  get location(): string {
    return `${this.#path}.part`;
  }

  /** Puts a whole file in the place of the one of before. */
  async keep(): Promise<void> {
    await rm(`${this.#path}.part.json`, { force: true });
    await rename(`${this.#path}.part`, this.#path);
  }

  async discard(): Promise<void> {
    await rm(`${this.#path}.part.json`, { force: true });
    await rm(`${this.#path}.part`, { force: true });
    this.#about = null;
    this.#size = 0;
  }
}
