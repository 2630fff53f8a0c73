import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../atomic-file.ts';
import { type DelegatedRole, delegatedPaths, delegatedRoles, type OfflineRole, offlineRoles, type RoleName } from '../layout.ts';
import { ReleaseError } from '../release-error.ts';
import { type PublicKeyFile, type Signer, tufKey } from './key.ts';
import {
  addSignature,
  hashesOf,
  head,
  keysOf,
  type RoleKeys,
  type RootDocument,
  type TargetEntry,
  type TargetsDocument,
  validSigners,
} from './metadata.ts';
import { type Published, readPublished, readStaged, type Staged, targetFile, writeStaged } from './repository-files.ts';

/** Keys of every role, and how many of them must sign. */
export type RoleAssignments = Readonly<Record<RoleName, { readonly keys: readonly PublicKeyFile[]; readonly threshold: number }>>;

/** Stages the first version of every offline role. Throws ReleaseError `KEY` or `REPOSITORY`. */
export async function initRepository(directory: string, roles: RoleAssignments, now: Date): Promise<Staged> {
  if ((await readPublished(directory)) !== null || Object.keys(await readStaged(directory)).length > 0) {
    throw new ReleaseError('REPOSITORY', `${directory} holds a repository already`);
  }
  for (const [role, { keys, threshold }] of Object.entries(roles)) requireKeys(role as RoleName, keys, threshold);
  requireNoReuse(Object.values(roles).flatMap(({ keys }) => keys));
  const assigned = (role: RoleName): RoleKeys => ({
    keyids: roles[role].keys.map(({ keyId }) => keyId),
    threshold: roles[role].threshold,
  });
  const table = (names: readonly RoleName[]) =>
    Object.fromEntries(names.flatMap((role) => roles[role].keys.map((key) => [key.keyId, tufKey(key.public)] as const)));
  const root: RootDocument = {
    signed: {
      _type: 'root',
      ...head('root', 1, now),
      consistent_snapshot: true,
      keys: table(['root', 'targets', 'snapshot', 'timestamp']),
      roles: {
        root: { ...assigned('root'), keyids: [...assigned('root').keyids] },
        targets: { ...assigned('targets'), keyids: [...assigned('targets').keyids] },
        snapshot: { ...assigned('snapshot'), keyids: [...assigned('snapshot').keyids] },
        timestamp: { ...assigned('timestamp'), keyids: [...assigned('timestamp').keyids] },
      },
    },
    signatures: [],
  };
  const delegation = (role: DelegatedRole) => ({
    name: role,
    keyids: [...assigned(role).keyids],
    threshold: assigned(role).threshold,
    terminating: true as const,
    paths: [...delegatedPaths[role]],
  });
  const empty = (role: 'targets' | DelegatedRole): TargetsDocument => ({
    signed: { _type: 'targets', ...head(role, 1, now), targets: {} },
    signatures: [],
  });
  const targets = empty('targets');
  targets.signed.delegations = { keys: table(delegatedRoles), roles: delegatedRoles.map(delegation) };
  const staged = { root, targets, content: empty('content'), code: empty('code') };
  for (const role of offlineRoles) await writeStaged(directory, role, staged[role]);
  return staged;
}

/** A change of who may sign for a role. */
export interface KeyChange {
  readonly role: RoleName;
  readonly add: readonly PublicKeyFile[];
  /** Whole ids, or beginnings of at least eight digits. */
  readonly remove: readonly string[];
  readonly threshold?: number;
}

/** Stages a new root, or new targets for the roles it delegates to. Throws ReleaseError `KEY` or `REPOSITORY`. */
export async function rotateKeys(directory: string, change: KeyChange, now: Date): Promise<RootDocument | TargetsDocument> {
  const world = await readWorld(directory);
  const isDelegated = change.role === 'content' || change.role === 'code';
  const owner = isDelegated ? 'targets' : 'root';
  const document = next(world, owner, now);
  const { keys, role } = ownerOf(document, change.role);
  const removed = change.remove.map((given) => findKey(role.keyids, given));
  const left = role.keyids.filter((keyId) => !removed.includes(keyId));
  requireNoReuse([...change.add, ...everyKey(world).map((keyId) => ({ keyId }))]);
  const threshold = change.threshold ?? role.threshold;
  requireKeys(change.role, [...change.add, ...left.map((keyId) => ({ keyId, role: change.role }))], threshold);
  role.keyids = [...left, ...change.add.map(({ keyId }) => keyId)];
  role.threshold = threshold;
  for (const keyId of removed) delete keys[keyId];
  for (const key of change.add) keys[key.keyId] = tufKey(key.public);
  await writeStaged(directory, owner, document);
  return document;
}

/** Stages the next version of a role unchanged, valid for longer. */
export async function renewRole(directory: string, role: OfflineRole, now: Date): Promise<RootDocument | TargetsDocument> {
  const document = next(await readWorld(directory), role, now);
  await writeStaged(directory, role, document);
  return document;
}

/** A file to become a target. */
export interface NewTarget {
  readonly name: string;
  readonly file: string;
  readonly custom: TargetEntry['custom'];
}

/** Copies files to their content addresses and stages the next version of their role. Throws ReleaseError `REPOSITORY`. */
export async function stageTargets(directory: string, targets: readonly NewTarget[], now: Date): Promise<TargetsDocument[]> {
  const world = await readWorld(directory);
  const changed = new Map<DelegatedRole, TargetsDocument>();
  for (const { name, file, custom } of targets) {
    const role = roleOf(name);
    const document = changed.get(role) ?? next(world, role, now);
    const bytes = await readFile(file);
    const entry: TargetEntry = { length: bytes.length, hashes: hashesOf(bytes), custom };
    const before = document.signed.targets[name];
    // Another file under the same version would leave it to chance which of both an agent has.
    if (before && before.hashes.sha256 !== entry.hashes.sha256 && custom.kind !== 'content') {
      throw new ReleaseError('REPOSITORY', `${name} was released with other bytes: a new build needs a new version`);
    }
    await place(file, targetFile(directory, name, entry));
    document.signed.targets[name] = entry;
    changed.set(role, document);
  }
  for (const [role, document] of changed) await writeStaged(directory, role, document);
  return [...changed.values()];
}

/** Stages the removal of targets, with the reason. Their files stay for those who still hold the metadata before. Returns the names. */
export async function revokeTargets(
  directory: string,
  { matches, reason }: { readonly matches: (name: string, entry: TargetEntry) => boolean; readonly reason: string },
  now: Date,
): Promise<string[]> {
  const world = await readWorld(directory);
  const revoked: string[] = [];
  for (const role of delegatedRoles) {
    const known = (world.staged[role] ?? world.published?.[role])?.signed.targets ?? {};
    const names = Object.entries(known).flatMap(([name, entry]) => (matches(name, entry) ? [name] : []));
    if (names.length === 0) continue;
    const document = next(world, role, now);
    for (const name of names) delete document.signed.targets[name];
    const at = now.toISOString();
    document.signed.revoked = [...(document.signed.revoked ?? []), ...names.map((name) => ({ name, reason, at }))].slice(-200);
    await writeStaged(directory, role, document);
    revoked.push(...names);
  }
  return revoked;
}

/** Signs every staged document whose role, before or after the change, names the key. Returns the roles; empty when none does. */
export async function signStaged(directory: string, signer: Signer): Promise<OfflineRole[]> {
  const world = await readWorld(directory);
  const signed: OfflineRole[] = [];
  for (const role of offlineRoles) {
    const document = world.staged[role];
    if (!document || !signersOf(world, role).includes(signer.keyId)) continue;
    await writeStaged(directory, role, await addSignature(document, signer));
    signed.push(role);
  }
  return signed;
}

/** Who must sign what before it can be published. */
export interface Missing {
  readonly role: OfflineRole;
  readonly version: number;
  readonly have: number;
  readonly threshold: number;
  /** Keys that may sign and have not. */
  readonly open: readonly string[];
  /** Whose keys: those of the document itself, or for root also those of the root before. */
  readonly by: 'own' | 'before';
}

export async function missingSignatures(directory: string): Promise<Missing[]> {
  const world = await readWorld(directory);
  return offlineRoles.flatMap((role) => {
    const document = world.staged[role];
    if (!document) return [];
    const { root, targets } = base(world);
    const report = (by: Missing['by'], { keys, role: assigned }: ReturnType<typeof keysOf>): Missing => {
      const have = validSigners(document, assigned, keys);
      const open = assigned.keyids.filter((keyId) => !have.includes(keyId));
      return { role, version: document.signed.version, have: have.length, threshold: assigned.threshold, open, by };
    };
    const before = role === 'root' && world.published ? [report('before', keysOf('root', world.published.root, targets))] : [];
    return [report('own', keysOf(role, root, targets)), ...before];
  });
}

interface World {
  readonly published: Published | null;
  readonly staged: Staged;
}

async function readWorld(directory: string): Promise<World> {
  const [published, staged] = await Promise.all([readPublished(directory), readStaged(directory)]);
  if (published === null && !staged.root)
    throw new ReleaseError('REPOSITORY', `${directory} holds no repository; vedette release init makes one`);
  return { published, staged };
}

/** Root and targets as they will be. */
function base({ published, staged }: World): { root: RootDocument; targets: TargetsDocument } {
  const root = staged.root ?? published?.root;
  const targets = staged.targets ?? published?.targets;
  if (!root || !targets) throw new ReleaseError('REPOSITORY', 'root or targets is missing');
  return { root, targets };
}

function signersOf(world: World, role: OfflineRole): string[] {
  const { root, targets } = base(world);
  const before = role === 'root' ? (world.published?.root.signed.roles.root.keyids ?? []) : [];
  return [...keysOf(role, root, targets).role.keyids, ...before];
}

/** The staged document to change further, its signatures gone, or the next version of the published one. */
function next(world: World, role: 'root', now: Date): RootDocument;
function next(world: World, role: Exclude<OfflineRole, 'root'>, now: Date): TargetsDocument;
function next(world: World, role: OfflineRole, now: Date): RootDocument | TargetsDocument;
function next({ published, staged }: World, role: OfflineRole, now: Date): RootDocument | TargetsDocument {
  const document = structuredClone(staged[role] ?? published?.[role]);
  if (!document) throw new ReleaseError('REPOSITORY', `there is no ${role} to go on from`);
  const version = (published?.[role].signed.version ?? 0) + 1;
  Object.assign(document.signed, head(role, version, now));
  document.signatures = [];
  return document;
}

function ownerOf(document: RootDocument | TargetsDocument, role: RoleName) {
  if (document.signed._type === 'root') {
    if (role === 'content' || role === 'code') throw new ReleaseError('REPOSITORY', `root names no keys of ${role}`);
    return { keys: document.signed.keys, role: document.signed.roles[role] };
  }
  const delegation = document.signed.delegations?.roles.find(({ name }) => name === role);
  if (!delegation) throw new ReleaseError('REPOSITORY', `targets delegates nothing to ${role}`);
  return { keys: document.signed.delegations?.keys ?? {}, role: delegation };
}

function everyKey(world: World): string[] {
  const { root, targets } = base(world);
  return [...Object.keys(root.signed.keys), ...Object.keys(targets.signed.delegations?.keys ?? {})];
}

function findKey(keyids: readonly string[], given: string): string {
  const found = keyids.filter((keyId) => given.length >= 8 && keyId.startsWith(given));
  if (found.length !== 1 || found[0] === undefined) throw new ReleaseError('KEY', `${given} names no single key of the role`);
  return found[0];
}

function requireKeys(role: RoleName, keys: readonly Pick<PublicKeyFile, 'keyId' | 'role'>[], threshold: number): void {
  const wrong = keys.find((key) => key.role !== role);
  if (wrong) throw new ReleaseError('KEY', `key ${wrong.keyId.slice(0, 12)} was made for ${wrong.role}, not for ${role}`);
  if (threshold < 1 || keys.length < threshold) {
    throw new ReleaseError('KEY', `${role} has ${keys.length} keys, which is fewer than its threshold of ${threshold}`);
  }
}

/** One stolen key must not speak for two roles, nor count twice. */
function requireNoReuse(keys: readonly Pick<PublicKeyFile, 'keyId'>[]): void {
  const seen = new Set<string>();
  for (const { keyId } of keys) {
    if (seen.has(keyId))
      throw new ReleaseError('KEY', `key ${keyId.slice(0, 12)} is used twice; every role needs keys of its own`);
    seen.add(keyId);
  }
}

function roleOf(name: string): DelegatedRole {
  const role = delegatedRoles.find((one) => name.startsWith(`${one}/`));
  if (!role || name.split('/').length !== 3) throw new ReleaseError('REPOSITORY', `${name} is no name of a target`);
  return role;
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const beside = `${to}.new`;
  await rm(beside, { force: true });
  await copyFile(from, beside);
  await rename(beside, to);
  await syncFolder(dirname(to));
}
