import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { writeAtomically } from '../atomic-file.ts';
import { metadataFolder, metadataPath, targetPath, targetsFolder } from '../layout.ts';
import { ReleaseError } from '../release-error.ts';
import { TargetCheck } from '../target-check.ts';
import { type FetchMetadata, TrustedMetadata } from '../trusted-metadata.ts';
import { parseOffline, type TargetEntry } from './metadata.ts';

/** Where a repository can be read: a directory, or an address below which `tuf/` and `targets/` lie. */
export interface RepositorySource {
  /** Null when it is not there. Throws for what is longer than `maxBytes`. */
  readonly read: (path: string, maxBytes: number) => Promise<Uint8Array | null>;
}

export function directorySource(directory: string): RepositorySource {
  return {
    read: async (path, maxBytes) => {
      const file = join(directory, path);
      try {
        const { size } = await stat(file);
        if (size > maxBytes) throw new ReleaseError('TARGET_MISMATCH', `${path} is longer than ${maxBytes} bytes`);
        return await readFile(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
  };
}

/** What a client that trusts `root` finds in a repository. */
export interface Verified {
  readonly versions: Readonly<Record<string, number>>;
  readonly expiresAt: string;
  /** Targets by name, and how many bytes they are. */
  readonly targets: ReadonlyMap<string, TargetEntry>;
  /** Metadata files by their path below `tuf/`, the timestamp last. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Does what a client would do that trusts `root`, and reads every target. `onTarget` gets the bytes of each after they were found right.
 * Throws ReleaseError with the first thing that is wrong.
 */
export async function verifyRepository(
  source: RepositorySource,
  root: Uint8Array,
  onTarget: (path: string, bytes: Uint8Array) => Promise<void> = () => Promise.resolve(),
): Promise<Verified> {
  const directory = await mkdtemp(join(tmpdir(), 'vedette-verify-'));
  try {
    await writeAtomically(join(directory, 'root.json'), root);
    const files = new Map<string, Uint8Array>();
    const fetchMetadata: FetchMetadata = async (path, maxBytes) => {
      const bytes = await source.read(`${metadataFolder}${path}`, maxBytes);
      if (bytes) files.set(path, bytes);
      return bytes;
    };
    await using trusted = await TrustedMetadata.open(directory, fetchMetadata);
    await trusted.refresh();
    // Loads both delegated roles; there need be no such target.
    for (const name of ['content/platform/none', 'code/none/none']) await trusted.find(name);
    const targets = await listTargets(trusted);
    for (const [name, entry] of targets) await checkTarget(source, name, entry, onTarget);
    const expiries = await trusted.expiries();
    const versions = Object.fromEntries(expiries.map(({ role, version }) => [role, version]));
    await addRoots(source, files, versions['root'] ?? 0);
    return { versions, expiresAt: expiries[0]?.expiresAt.toISOString() ?? '', targets, files: inOrder(files) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function listTargets(trusted: TrustedMetadata): Promise<Map<string, TargetEntry>> {
  const targets = new Map<string, TargetEntry>();
  for (const role of ['targets', 'content', 'code'] as const) {
    const signed = await trusted.role(role);
    if (signed === null) throw new ReleaseError('METADATA_INVALID', `${role} is missing`);
    for (const [name, entry] of Object.entries(parseOffline(role, { signed, signatures: [] }).signed.targets))
      targets.set(name, entry);
  }
  return targets;
}

async function checkTarget(
  source: RepositorySource,
  name: string,
  entry: TargetEntry,
  onTarget: (path: string, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const path = `${targetsFolder}${targetPath(name, entry.hashes.sha256)}`;
  const bytes = await source.read(path, entry.length);
  if (bytes === null) throw new ReleaseError('REPOSITORY', `${path} is missing`);
  try {
    const check = new TargetCheck(entry);
    check.update(bytes);
    check.finish();
  } catch (error) {
    throw new ReleaseError('TARGET_MISMATCH', `${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  await onTarget(path, bytes);
}

/** Older roots too: a client that was away for long walks through all of them. */
async function addRoots(source: RepositorySource, files: Map<string, Uint8Array>, newest: number): Promise<void> {
  for (let version = newest; version >= 1; version--) {
    const path = metadataPath('root', version);
    if (files.has(path)) continue;
    const bytes = await source.read(`${metadataFolder}${path}`, 512_000);
    if (bytes === null) return;
    files.set(path, bytes);
  }
}

function inOrder(files: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const last = (path: string): number => (path === 'timestamp.json' ? 1 : 0);
  return new Map([...files].toSorted(([a], [b]) => last(a) - last(b)));
}

/**
 * Copies a repository to a directory that any web server may serve, or that goes on a stick: nothing that does not verify is written, targets first,
 * the timestamp last, so that the mirror is whole at any moment. Files that are there already are left alone; what no metadata names any
 * more is removed.
 */
export async function mirrorRepository(source: RepositorySource, root: Uint8Array, directory: string): Promise<Verified> {
  const wanted = new Set<string>();
  const verified = await verifyRepository(source, root, async (path, bytes) => {
    wanted.add(path);
    const file = join(directory, path);
    const isThere = await stat(file).then(
      ({ size }) => size === bytes.length,
      () => false,
    );
    if (isThere && Buffer.from(bytes).equals(await readFile(file))) return;
    await mkdir(dirname(file), { recursive: true });
    await writeAtomically(file, bytes);
  });
  for (const [path, bytes] of verified.files) {
    wanted.add(`${metadataFolder}${path}`);
    await writeAtomically(join(directory, metadataFolder, path), bytes);
  }
  await removeOthers(directory, wanted);
  // Agents ask an origin for it before anything else; a web server that knows nothing but files has to have one.
  await writeAtomically(join(directory, 'stub_status'), Buffer.from('a mirror\n'));
  return verified;
}

async function removeOthers(directory: string, wanted: ReadonlySet<string>): Promise<void> {
  for (const folder of [metadataFolder, targetsFolder]) {
    const entries = await readdir(join(directory, folder), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      if (!wanted.has(file.slice(join(directory, '/').length))) await rm(file);
    }
  }
}
