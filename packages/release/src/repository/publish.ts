import { join } from 'node:path';
import { writeAtomically } from '../atomic-file.ts';
import { metadataFolder, metadataPath, offlineRoles, type RoleName } from '../layout.ts';
import { ReleaseError } from '../release-error.ts';
import type { Signer } from './key.ts';
import {
  addSignature,
  head,
  keysOf,
  metaOf,
  requireThreshold,
  type RootDocument,
  serialize,
  type SnapshotDocument,
  type TargetsDocument,
  type TimestampDocument,
  validityMs,
  validSigners,
} from './metadata.ts';
import { checkTargetFile, type Published, readPublished, type Staged } from './repository-files.ts';

/** Keys that a platform holds. */
export interface OnlineSigners {
  readonly snapshot: Signer;
  readonly timestamp: Signer;
}

type Offline = Pick<Published, 'root' | 'targets' | 'content' | 'code'>;

/**
 * What would be published: the staged documents over those that are. Every rule that a client checks is checked here first: thresholds, of
 * root by the old and the new keys, versions that only grow, nothing expired. Throws ReleaseError.
 */
export function combine(published: Published | null, staged: Staged, now: Date): Offline {
  const { root, targets, content, code } = { ...published, ...staged };
  if (!root || !targets || !content || !code)
    throw new ReleaseError('REPOSITORY', 'the first publication needs root, targets, content and code');
  const all = { root, targets, content, code };
  if (staged.root) requireSuccessor(staged.root, published?.root);
  for (const role of offlineRoles) {
    const document = all[role];
    requireThreshold(role, document, keysOf(role, root, targets));
    const before = published?.[role].signed.version ?? 0;
    if (staged[role] && document.signed.version <= before) {
      throw new ReleaseError('METADATA_ROLLBACK', `${role} version ${document.signed.version} does not follow ${before}`);
    }
    if (new Date(document.signed.expires) <= now) {
      throw new ReleaseError('METADATA_EXPIRED', `${role} has expired: it must be signed anew`);
    }
  }
  return all;
}

function requireSuccessor(next: RootDocument, before: RootDocument | undefined): void {
  const due = (before?.signed.version ?? 0) + 1;
  // TUF 5.3.5: clients take every version of root in turn, so none may be left out.
  if (next.signed.version !== due)
    throw new ReleaseError('METADATA_ROLLBACK', `root version ${next.signed.version} instead of ${due}`);
  if (before)
    requireThreshold('root, by the keys of the root before,', next, { role: before.signed.roles.root, keys: before.signed.keys });
}

/**
 * Makes staged documents what agents see. Each target that was not published before is read and checked. The timestamp is written last,
 * so that a stop at any point leaves the old release in place. Throws ReleaseError, and nothing has changed then.
 */
export async function publish(
  directory: string,
  staged: Staged,
  { online, now }: { readonly online: OnlineSigners; readonly now: Date },
): Promise<Published> {
  const published = await readPublished(directory);
  const next = combine(published, staged, now);
  await checkNewTargets(directory, next, published);
  const snapshotBefore = published?.snapshot.signed.version ?? 0;
  const snapshot = await makeSnapshot(next, snapshotBefore + 1, { signer: online.snapshot, now });
  requireThreshold('snapshot', snapshot, keysOf('snapshot', next.root, next.targets));
  const timestamp = await makeTimestamp(snapshot, (published?.timestamp.signed.version ?? 0) + 1, {
    signer: online.timestamp,
    now,
  });
  requireThreshold('timestamp', timestamp, keysOf('timestamp', next.root, next.targets));
  const whole = { ...next, snapshot, timestamp };
  for (const role of ['root', 'targets', 'content', 'code'] as const) {
    if (staged[role]) await write(directory, role, whole[role]);
  }
  await write(directory, 'snapshot', snapshot);
  await write(directory, 'timestamp', timestamp);
  return whole;
}

/**
 * Signs snapshot and timestamp anew when half of their time is over, or when root has given them other keys. Returns what is
 * published now, null when nothing was yet.
 */
export async function renewOnline(
  directory: string,
  { online, now }: { readonly online: OnlineSigners; readonly now: Date },
): Promise<Published | null> {
  const published = await readPublished(directory);
  if (published === null) return null;
  const isDue = (role: 'snapshot' | 'timestamp'): boolean => {
    const { role: keys, keys: table } = keysOf(role, published.root, published.targets);
    const left = new Date(published[role].signed.expires).getTime() - now.getTime();
    return left < validityMs[role] / 2 || validSigners(published[role], keys, table).length < keys.threshold;
  };
  const renewsSnapshot = isDue('snapshot');
  if (!renewsSnapshot && !isDue('timestamp')) return published;
  const { root, targets } = published;
  let { snapshot } = published;
  if (renewsSnapshot) {
    snapshot = await makeSnapshot(published, snapshot.signed.version + 1, { signer: online.snapshot, now });
    requireThreshold('snapshot', snapshot, keysOf('snapshot', root, targets));
  }
  const timestamp = await makeTimestamp(snapshot, published.timestamp.signed.version + 1, { signer: online.timestamp, now });
  requireThreshold('timestamp', timestamp, keysOf('timestamp', root, targets));
  if (renewsSnapshot) await write(directory, 'snapshot', snapshot);
  await write(directory, 'timestamp', timestamp);
  return { ...published, snapshot, timestamp };
}

async function checkNewTargets(directory: string, next: Offline, published: Published | null): Promise<void> {
  for (const role of ['targets', 'content', 'code'] as const) {
    for (const [name, entry] of Object.entries(next[role].signed.targets)) {
      const before = published?.[role].signed.targets[name];
      if (before?.hashes.sha256 !== entry.hashes.sha256) await checkTargetFile(directory, name, entry);
    }
  }
}

interface Making {
  readonly signer: Signer;
  readonly now: Date;
}

async function makeSnapshot(
  documents: Record<'targets' | 'content' | 'code', TargetsDocument>,
  version: number,
  { signer, now }: Making,
): Promise<SnapshotDocument> {
  const roles = ['code', 'content', 'targets'] as const;
  const meta = Object.fromEntries(
    roles.map((role) => [`${role}.json`, metaOf(serialize(documents[role]), documents[role].signed.version)]),
  );
  return addSignature({ signed: { _type: 'snapshot', ...head('snapshot', version, now), meta }, signatures: [] }, signer);
}

async function makeTimestamp(snapshot: SnapshotDocument, version: number, { signer, now }: Making): Promise<TimestampDocument> {
  const meta = { 'snapshot.json': metaOf(serialize(snapshot), snapshot.signed.version) };
  return addSignature({ signed: { _type: 'timestamp', ...head('timestamp', version, now), meta }, signatures: [] }, signer);
}

async function write(directory: string, role: RoleName, document: Parameters<typeof serialize>[0]): Promise<void> {
  await writeAtomically(join(directory, metadataFolder, metadataPath(role, document.signed.version)), serialize(document));
}
