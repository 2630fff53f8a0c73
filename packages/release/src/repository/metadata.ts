import { createHash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { Key, Metadata, MetadataKind } from '@tufjs/models';
import { Instant, TargetCustom } from '@vedette/protocol';
import { z } from 'zod';
import type { OfflineRole, RoleName } from '../layout.ts';
import { ReleaseError } from '../release-error.ts';
import type { Signer } from './key.ts';

/** The metadata formats of TUF 1.0 §4 in the subset that we write. */
const specVersion = '1.0.33';
const common = { spec_version: z.string(), version: z.int().min(1), expires: Instant };
const Hex = z.string().regex(/^[0-9a-f]{64}$/);
const TufKey = z.object({ keytype: z.string(), scheme: z.string(), keyval: z.object({ public: z.string() }) });
const Hashes = z.object({ sha256: Hex, sha512: z.string().regex(/^[0-9a-f]{128}$/) });
const RoleKeys = z.object({ keyids: z.array(Hex).max(32), threshold: z.int().min(1).max(32) });
const MetaFile = z.object({ version: z.int().min(1), length: z.int().min(0), hashes: Hashes });

export const RootSigned = z.object({
  _type: z.literal('root'),
  ...common,
  consistent_snapshot: z.literal(true),
  keys: z.record(Hex, TufKey),
  roles: z.object({ root: RoleKeys, targets: RoleKeys, snapshot: RoleKeys, timestamp: RoleKeys }),
});
export const TargetEntry = z.object({ length: z.int().min(0), hashes: Hashes, custom: TargetCustom });
export type TargetEntry = z.input<typeof TargetEntry>;
const Delegation = z.object({
  name: z.enum(['content', 'code']),
  terminating: z.literal(true),
  paths: z.array(z.string()),
  ...RoleKeys.shape,
});
export const TargetsSigned = z.object({
  _type: z.literal('targets'),
  ...common,
  targets: z.record(z.string().max(300), TargetEntry),
  delegations: z.object({ keys: z.record(Hex, TufKey), roles: z.array(Delegation).max(8) }).optional(),
  /** Ours: what was released and taken back, and why; for people and for platforms that roll it out. */
  revoked: z
    .array(z.object({ name: z.string().max(300), reason: z.string().max(500), at: Instant }))
    .max(200)
    .optional(),
});
export const SnapshotSigned = z.object({ _type: z.literal('snapshot'), ...common, meta: z.record(z.string(), MetaFile) });
export const TimestampSigned = z.object({
  _type: z.literal('timestamp'),
  ...common,
  meta: z.object({ 'snapshot.json': MetaFile }),
});

const Signatures = z.array(z.object({ keyid: Hex, sig: z.string().regex(/^[0-9a-f]{128}$/) })).max(32);
const document = <Signed extends z.ZodType>(signed: Signed) => z.object({ signed, signatures: Signatures });
export const RootDocument = document(RootSigned);
export const TargetsDocument = document(TargetsSigned);
export const SnapshotDocument = document(SnapshotSigned);
export const TimestampDocument = document(TimestampSigned);
export type RootDocument = z.input<typeof RootDocument>;
export type TargetsDocument = z.input<typeof TargetsDocument>;
export type SnapshotDocument = z.input<typeof SnapshotDocument>;
export type TimestampDocument = z.input<typeof TimestampDocument>;
export type AnyDocument = RootDocument | TargetsDocument | SnapshotDocument | TimestampDocument;

/** Longest offline document that is read; tuf-js refuses targets metadata above 5 MB. */
export const documentMaxBytes = 4 * 1024 * 1024;

const day = 24 * 3600 * 1000;
/**
 * How long metadata of a role is valid. Offline roles are signed by people, who want to be asked seldom; the timestamp bounds how long a
 * mirror may hide news, and a platform that is away that long only delays upgrades.
 */
export const validityMs: Record<RoleName, number> = {
  root: 365 * day,
  targets: 365 * day,
  code: 180 * day,
  content: 180 * day,
  snapshot: 14 * day,
  timestamp: 3 * day,
};

/** Head of a new document; TUF wants whole seconds. */
export function head(role: RoleName, version: number, now: Date): { spec_version: string; version: number; expires: string } {
  const expires = new Date(now.getTime() + validityMs[role]).toISOString().replace(/\.\d+Z$/, 'Z');
  return { spec_version: specVersion, version, expires };
}

/**
 * Reads a document of an offline role; throws ReleaseError `METADATA_INVALID`. What comes back is the document itself: fields that we do
 * not know are signed too.
 */
export function parseOffline(role: 'root', json: unknown): RootDocument;
export function parseOffline(role: Exclude<OfflineRole, 'root'>, json: unknown): TargetsDocument;
export function parseOffline(role: OfflineRole, json: unknown): RootDocument | TargetsDocument;
export function parseOffline(role: OfflineRole, json: unknown): RootDocument | TargetsDocument {
  const read = (role === 'root' ? RootDocument : TargetsDocument).safeParse(json);
  if (read.success) return json as RootDocument | TargetsDocument; // the schema has just accepted it
  const [issue] = read.error.issues;
  throw new ReleaseError('METADATA_INVALID', `${role}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'unreadable'}`);
}

/** The bytes that a signature is of: canonical JSON (TUF 4.2.1). */
export function signedBytes(signed: object): Buffer {
  return Buffer.from(canonicalize(signed));
}

/** Adds a signature, or replaces that of the same key. */
export async function addSignature<Document extends AnyDocument>(document: Document, signer: Signer): Promise<Document> {
  const sig = Buffer.from(await signer.sign(signedBytes(document.signed))).toString('hex');
  const others = document.signatures.filter(({ keyid }) => keyid !== signer.keyId);
  return { ...document, signatures: [...others, { keyid: signer.keyId, sig }] };
}

export interface RoleKeys {
  readonly keyids: readonly string[];
  readonly threshold: number;
}
export type KeyTable = Readonly<Record<string, z.infer<typeof TufKey>>>;

/** Keys of the role that validly signed. */
export function validSigners(document: AnyDocument, role: RoleKeys, keys: KeyTable): string[] {
  const metadata = asMetadata(document);
  return role.keyids.filter((keyId) => {
    const key = Object.hasOwn(keys, keyId) ? keys[keyId] : undefined;
    if (!key) return false;
    try {
      Key.fromJSON(keyId, key).verifySignature(metadata);
      return true;
    } catch {
      return false;
    }
  });
}

/** Throws ReleaseError `THRESHOLD` with what is missing. */
export function requireThreshold(name: string, document: AnyDocument, by: { role: RoleKeys; keys: KeyTable }): void {
  const signers = validSigners(document, by.role, by.keys);
  if (signers.length >= by.role.threshold) return;
  const missing = by.role.keyids.filter((keyId) => !signers.includes(keyId)).map((keyId) => keyId.slice(0, 12));
  throw new ReleaseError(
    'THRESHOLD',
    `${name} has ${signers.length} of ${by.role.threshold} signatures; keys that have not signed: ${missing.join(', ') || 'none'}`,
  );
}

/** The keys that root, or targets for its delegations, names for a role. */
export function keysOf(role: RoleName, root: RootDocument, targets: TargetsDocument): { role: RoleKeys; keys: KeyTable } {
  if (role !== 'content' && role !== 'code') return { role: root.signed.roles[role], keys: root.signed.keys };
  const delegation = targets.signed.delegations?.roles.find(({ name }) => name === role);
  if (!delegation) throw new ReleaseError('REPOSITORY', `targets delegates nothing to ${role}`);
  return { role: delegation, keys: targets.signed.delegations?.keys ?? {} };
}

/** As written to disk: the bytes that lengths and hashes are of. */
export function serialize(document: AnyDocument): Buffer {
  return Buffer.from(`${JSON.stringify(document, null, 1)}\n`);
}

export function metaOf(bytes: Uint8Array, version: number): z.infer<typeof MetaFile> {
  return { version, length: bytes.length, hashes: hashesOf(bytes) };
}

export function hashesOf(bytes: Uint8Array): z.infer<typeof Hashes> {
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    sha512: createHash('sha512').update(bytes).digest('hex'),
  };
}

function asMetadata(document: AnyDocument): Metadata<never> {
  // fromJSON is overloaded by kind and takes exactly what was parsed; verifying needs no more of the type.
  const kind = document.signed._type as MetadataKind.Root;
  return Metadata.fromJSON(kind, structuredClone(document) as never) as unknown as Metadata<never>;
}
