import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import type { ContentKind, Origins, Product, ReleasePlatform, TargetCustom } from '@vedette/protocol';
import {
  createSigningKey,
  initRepository,
  nameOf,
  type NewTarget,
  type OnlineSigners,
  originsTarget,
  publish,
  readStaged,
  removeStaged,
  type RoleAssignments,
  type RoleName,
  roleNames,
  signerOf,
  signStaged,
  type SigningKey,
  stageTargets,
} from '@vedette/release';

/** A signed repository of releases in a directory of its own, with keys that nobody keeps secret. */
export class TestReleases implements AsyncDisposable {
  readonly directory: string;
  readonly keys: Readonly<Record<RoleName, readonly SigningKey[]>>;
  readonly online: OnlineSigners;

  private constructor(directory: string) {
    this.directory = directory;
    const counts: Record<RoleName, number> = { root: 3, targets: 3, snapshot: 1, timestamp: 1, content: 1, code: 2 };
    const made = roleNames.map((role) => [role, Array.from({ length: counts[role] }, () => createSigningKey(role))] as const);
    this.keys = Object.fromEntries(made) as Record<RoleName, SigningKey[]>; // every role has its entry
    const [snapshot, timestamp] = [this.keys.snapshot[0], this.keys.timestamp[0]];
    if (!snapshot || !timestamp) throw new Error('no online keys');
    this.online = { snapshot: signerOf(snapshot), timestamp: signerOf(timestamp) };
  }

  /** A published repository without any target; `now` is the time of signing. */
  static async create(now = new Date()): Promise<TestReleases> {
    const releases = new TestReleases(await mkdtemp(join(tmpdir(), 'vedette-releases-')));
    await initRepository(releases.directory, releases.assignments(), now);
    await releases.publish(now);
    return releases;
  }

  assignments(): RoleAssignments {
    const made = roleNames.map((role) => [
      role,
      { keys: this.keys[role].map(({ file }) => file), threshold: role === 'root' || role === 'targets' ? 2 : 1 },
    ]);
    return Object.fromEntries(made) as RoleAssignments; // every role has its entry
  }

  /** Root as an agent is installed with it. */
  root(version = 1): Promise<Buffer> {
    return readFile(join(this.directory, 'tuf', `${version}.root.json`));
  }

  /** Signs what is staged with enough keys, and publishes it. */
  async publish(now = new Date()): Promise<void> {
    for (const key of Object.values(this.keys).flat()) await signStaged(this.directory, signerOf(key));
    await publish(this.directory, await readStaged(this.directory), { online: this.online, now });
    await removeStaged(this.directory);
  }

  /** Releases a program; `deltas` are added as they are. Returns the target's name. */
  async releaseProgram(
    bytes: Uint8Array,
    program: {
      product: Product;
      version: string;
      platform?: ReleasePlatform;
      runtime?: string;
      state?: { writes: number; reads: number };
    },
    now = new Date(),
  ): Promise<string> {
    const custom: TargetCustom = {
      kind: 'program',
      platform: 'linux-x64',
      encoding: 'zstd',
      unpacked: unpackedOf(bytes),
      releasedAt: now.toISOString(),
      deltas: [],
      ...program,
    };
    return this.#release(nameOf(custom), zstdCompressSync(bytes), custom, now);
  }

  async releaseContent(kind: ContentKind, version: string, bytes: Uint8Array, now = new Date()): Promise<string> {
    const unpacked = unpackedOf(bytes);
    const custom: TargetCustom = {
      kind: 'content',
      content: kind,
      version,
      encoding: 'zstd',
      unpacked,
      releasedAt: now.toISOString(),
    };
    const params = { [constants.ZSTD_c_compressionLevel]: 19 };
    return this.#release(nameOf(custom), zstdCompressSync(bytes, { params }), custom, now);
  }

  async releaseOrigins(origins: Origins, now = new Date()): Promise<string> {
    const bytes = Buffer.from(JSON.stringify(origins));
    const custom: TargetCustom = {
      kind: 'content',
      content: 'platform',
      version: String(now.getTime()),
      encoding: 'identity',
      unpacked: unpackedOf(bytes),
      releasedAt: now.toISOString(),
    };
    return this.#release(originsTarget, bytes, custom, now);
  }

  async stage(targets: readonly NewTarget[], now = new Date()): Promise<void> {
    await stageTargets(this.directory, targets, now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #release(name: string, bytes: Uint8Array, custom: TargetCustom, now: Date): Promise<string> {
    const file = join(this.directory, 'new-target');
    await writeFile(file, bytes);
    await this.stage([{ name, file, custom }], now);
    await this.publish(now);
    return name;
  }
}

function unpackedOf(bytes: Uint8Array): { sha256: string; length: number } {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), length: bytes.length };
}
