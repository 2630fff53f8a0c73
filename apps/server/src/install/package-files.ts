import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** A package of the agent that this platform offers. */
export interface AgentPackage {
  readonly name: string;
  readonly path: string;
  readonly format: 'deb' | 'rpm' | 'tar';
  /** As `uname -m` says: x86_64 or aarch64. */
  readonly machine: string;
  readonly bytes: number;
  readonly sha256: string;
}

const fileNames = [
  { format: 'deb', pattern: /^vedette-agent_[\w.~+-]{1,60}_(amd64|arm64)\.deb$/ },
  { format: 'rpm', pattern: /^vedette-agent-[\w.~+-]{1,60}\.(x86_64|aarch64)\.rpm$/ },
  { format: 'tar', pattern: /^vedette-agent-[\w.~+-]{1,60}-linux-(x64|arm64)\.tar\.gz$/ },
] as const;
const machines = new Map([
  ['amd64', 'x86_64'],
  ['x64', 'x86_64'],
  ['arm64', 'aarch64'],
]);

/** What lies in the directory of packages, newest file first; hashes are kept until a file changes. */
export class PackageFiles {
  readonly #directory: string;
  readonly #hashes = new Map<string, Promise<string>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Empty when there is no such directory: nothing was built. */
  async list(): Promise<AgentPackage[]> {
    const names = await readdir(this.#directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const found = await Promise.all(names.map((name) => this.#read(name)));
    return found
      .flatMap((one) => one ?? [])
      .toSorted((a, b) => b.changed - a.changed)
      .map(({ changed: _changed, ...one }) => one);
  }

  async #read(name: string): Promise<(AgentPackage & { changed: number }) | null> {
    for (const { format, pattern } of fileNames) {
      const architecture = pattern.exec(name)?.[1];
      if (architecture === undefined) continue;
      const path = join(this.#directory, name);
      const { size, mtimeMs } = await stat(path);
      const sha256 = await this.#hash(path, `${path} ${size} ${mtimeMs}`);
      return { name, path, format, machine: machines.get(architecture) ?? architecture, bytes: size, sha256, changed: mtimeMs };
    }
    return null;
  }

  #hash(path: string, key: string): Promise<string> {
    const known = this.#hashes.get(key);
    if (known) return known;
    const computed = (async () => {
      const hash = createHash('sha256');
      await pipeline(createReadStream(path), hash);
      return hash.digest('hex');
    })();
    this.#hashes.set(key, computed);
    computed.catch(() => this.#hashes.delete(key));
    return computed;
  }
}
