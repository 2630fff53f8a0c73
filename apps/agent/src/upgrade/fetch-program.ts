import { createReadStream, createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContentTarget, DeltaTarget, ProgramTarget, TargetCustom } from '@vedette/protocol';
import {
  programTarget,
  readCustom,
  ReleaseError,
  type TrustedMetadata,
  type TrustedTarget,
  unpackTarget,
} from '@vedette/release';
import { describeError } from '../errors.ts';
import type { Disk } from './disk.ts';
import { freeBytes } from './free-space.ts';
import { GivenUp } from './given-up.ts';
import { OriginError } from './origins/origin-error.ts';
import type { Origins } from './origins/origins.ts';
import { PartialFile } from './partial-file.ts';
import { UpgradeError } from './upgrade-error.ts';

export interface FetchParts {
  readonly disk: Disk;
  /** `upgrade` in the state directory. */
  readonly directory: string;
  readonly metadata: TrustedMetadata;
  readonly origins: Origins;
  /** Bytes of memory that a delta may take. */
  readonly memoryBytes: number;
}

/** Where a program's old version is, for a delta. */
export interface OldFile {
  readonly path: string;
  readonly sha256: string;
}

/** A target that metadata vouches for, and what it says of it. */
export interface Described<Custom extends TargetCustom> {
  readonly target: TrustedTarget;
  readonly custom: Custom;
}

/** What else must fit on the disk: state that grows meanwhile. */
const reserveBytes = 32 * 1024 * 1024;

/** Fetches a program the cheapest way and unpacks it; returns the file's path. Throws UpgradeError. */
export async function fetchProgram(
  parts: FetchParts,
  { target, custom }: Described<ProgramTarget>,
  old: OldFile,
): Promise<string> {
  const folder = join(parts.directory, 'download');
  const out = join(folder, `${custom.product}-${custom.unpacked.sha256}`);
  checkSpace(parts, target.length + custom.unpacked.length);
  const delta = await usableDelta(parts, custom, old);
  if (delta) {
    try {
      return await fetchAndUnpack(parts, delta, { out, old: readFileSync(old.path) });
    } catch (error) {
      // The whole file is another way to the same; what keeps from fetching keeps from that too.
      if (!(error instanceof UpgradeError) || error.code !== 'verification') throw error;
    }
  }
  return fetchAndUnpack(parts, { target, custom }, { out });
}

/** The program's target of a version, and what signed metadata says of it. Throws UpgradeError. */
export async function describeProgram(
  metadata: TrustedMetadata,
  name: Parameters<typeof programTarget>,
): Promise<Described<ProgramTarget>> {
  const target = await metadata.find(programTarget(...name));
  if (!target) throw new UpgradeError('unknown-version', `no signed metadata names ${programTarget(...name)}`);
  const custom = readCustom(target);
  if (custom.kind !== 'program') throw new UpgradeError('verification', `${target.name} is no program`);
  return { target, custom };
}

async function usableDelta(
  { metadata, memoryBytes }: FetchParts,
  { deltas, unpacked }: ProgramTarget,
  old: OldFile,
): Promise<Described<DeltaTarget> | null> {
  for (const { target: name, fromSha256 } of deltas) {
    if (fromSha256 !== old.sha256) continue;
    const target = await metadata.find(name);
    const custom = target && readCustom(target);
    if (!target || custom?.kind !== 'delta' || custom.unpacked.sha256 !== unpacked.sha256) continue;
    if (custom.memoryBytes <= memoryBytes) return { target, custom };
  }
  return null;
}

/** Fetches a target and unpacks it to a file, whose path it returns. Throws UpgradeError. */
export async function fetchAndUnpack(
  parts: Omit<FetchParts, 'memoryBytes'>,
  { target, custom }: Described<ProgramTarget | DeltaTarget | ContentTarget>,
  { out, old }: { out: string; old?: Buffer },
): Promise<string> {
  const { disk, directory, metadata, origins } = parts;
  const { sha256 } = target.hashes;
  if (sha256 === undefined) throw new UpgradeError('verification', `${target.name} has no SHA-256`);
  const role = ((await metadata.role(custom.kind === 'content' ? 'content' : 'code')) ?? {})['version'];
  const key = `${target.name} ${sha256} ${String(role)}`;
  const givenUp = new GivenUp(disk, directory);
  if (givenUp.isGivenUp(key))
    throw new UpgradeError('verification', `${target.name} came wrong three times; it is given up until its metadata changes`);
  const path = join(directory, 'download', `${sha256}.part`);
  try {
    await origins.fetchTarget(target.path, new PartialFile(disk, path, { bytes: target.length, sha256 }));
    await unpackTarget(createReadStream(path), createWriteStream(out, { mode: 0o700 }), { custom, ...(old ? { old } : {}) });
    disk.syncFile(out);
    disk.remove(path);
    return out;
  } catch (error) {
    const isWrong = error instanceof ReleaseError || (error instanceof OriginError && error.code === 'hash');
    if (isWrong) {
      givenUp.note(key);
      disk.remove(path);
      throw new UpgradeError('verification', `${target.name}: ${describeError(error)}`, { cause: error });
    }
    if (!(error instanceof OriginError)) throw error;
    const { retryAfterSeconds } = error;
    throw new UpgradeError('unreachable', `${target.name}: ${error.message}`, { cause: error, retryAfterSeconds });
  }
}

function checkSpace({ directory }: FetchParts, bytes: number): void {
  const free = freeBytes(directory);
  const needed = bytes + reserveBytes;
  if (free < needed)
    throw new UpgradeError(
      'disk',
      `${Math.floor(free / 1e6)} MB are free below ${directory}, ${Math.ceil(needed / 1e6)} MB are needed`,
    );
}
