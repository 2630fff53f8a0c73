import { createReadStream } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../atomic-file.ts';
import { metadataFolder, metadataPath, type OfflineRole, offlineRoles, targetPath, targetsFolder } from '../layout.ts';
import { ReleaseError } from '../release-error.ts';
import { TargetCheck } from '../target-check.ts';
import {
  documentMaxBytes,
  parseOffline,
  type RootDocument,
  serialize,
  SnapshotDocument,
  type TargetEntry,
  type TargetsDocument,
  TimestampDocument,
} from './metadata.ts';

/** What agents see of a repository. */
export interface Published {
  readonly root: RootDocument;
  readonly targets: TargetsDocument;
  readonly content: TargetsDocument;
  readonly code: TargetsDocument;
  readonly snapshot: SnapshotDocument;
  readonly timestamp: TimestampDocument;
}
/** Next versions of offline roles, signed by some of their keys or none. */
export type Staged = Partial<{ root: RootDocument; targets: TargetsDocument; content: TargetsDocument; code: TargetsDocument }>;

const stagedFolder = 'staged/';

/** Null for a repository of which nothing was published yet. Throws ReleaseError `REPOSITORY` for files that do not belong together. */
export async function readPublished(directory: string): Promise<Published | null> {
  const timestampJson = await readDocument(join(directory, metadataFolder, 'timestamp.json'));
  if (timestampJson === null) return null;
  const timestamp = TimestampDocument.parse(timestampJson);
  const need = async (role: string, version: number): Promise<unknown> => {
    const found = await readDocument(join(directory, metadataFolder, metadataPath(role, version)));
    if (found === null) throw new ReleaseError('REPOSITORY', `${metadataPath(role, version)} is missing in ${directory}`);
    return found;
  };
  const snapshot = SnapshotDocument.parse(await need('snapshot', timestamp.signed.meta['snapshot.json'].version));
  const targetsOf = async (role: 'targets' | 'content' | 'code'): Promise<TargetsDocument> =>
    parseOffline(role, await need(role, snapshot.signed.meta[`${role}.json`]?.version ?? 0));
  const [targets, content, code] = await Promise.all([targetsOf('targets'), targetsOf('content'), targetsOf('code')]);
  const root = parseOffline('root', await need('root', Math.max(...(await rootVersions(directory)))));
  return { root, targets, content, code, snapshot, timestamp };
}

/** Versions of root that lie there, ascending. */
export async function rootVersions(directory: string): Promise<number[]> {
  const names = await readdir(join(directory, metadataFolder)).catch((): string[] => []);
  return names.flatMap((name) => Number(/^([1-9]\d{0,8})\.root\.json$/.exec(name)?.[1] ?? []) || []).toSorted((a, b) => a - b);
}

export async function readStaged(directory: string): Promise<Staged> {
  const read = offlineRoles.map(async (role) => {
    const json = await readDocument(join(directory, stagedFolder, `${role}.json`));
    return json === null ? [] : [[role, parseOffline(role, json)] as const];
  });
  return Object.fromEntries((await Promise.all(read)).flat()) as Staged; // each role was read by its own schema
}

export async function writeStaged(directory: string, role: OfflineRole, document: RootDocument | TargetsDocument): Promise<void> {
  await writeAtomically(join(directory, stagedFolder, `${role}.json`), serialize(document));
}

export async function removeStaged(directory: string): Promise<void> {
  await rm(join(directory, stagedFolder), { recursive: true, force: true });
}

/** Path of a target in a repository or a mirror on disk. */
export function targetFile(directory: string, name: string, entry: Pick<TargetEntry, 'hashes'>): string {
  return join(directory, targetsFolder, targetPath(name, entry.hashes.sha256));
}

/** Reads a target from disk and holds it against its signed length and hashes; throws ReleaseError. */
export async function checkTargetFile(directory: string, name: string, entry: TargetEntry): Promise<void> {
  const file = targetFile(directory, name, entry);
  const check = new TargetCheck(entry);
  try {
    for await (const chunk of createReadStream(file)) check.update(chunk as Uint8Array);
    check.finish();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new ReleaseError('REPOSITORY', `${name} is missing`, { cause: error });
    if (error instanceof ReleaseError) throw new ReleaseError(error.code, `${name}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Null for a file that is not there. */
async function readDocument(file: string): Promise<unknown> {
  const size = await stat(file).then(
    (stats) => stats.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    },
  );
  if (size === null) return null;
  if (size > documentMaxBytes) throw new ReleaseError('REPOSITORY', `${file} is longer than ${documentMaxBytes} bytes`);
  try {
    return JSON.parse(await readFile(file, 'utf8')); // every caller has a schema
  } catch (error) {
    throw new ReleaseError('REPOSITORY', `${file} is not JSON`, { cause: error });
  }
}
