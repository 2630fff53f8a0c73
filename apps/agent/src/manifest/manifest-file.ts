import { hash, verify, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { readManifest, type ReadManifest } from '@vedette/collectors';
import { manifestKeyId, manifestLimits, manifestSigningText, type SignedManifest } from '@vedette/protocol';
import { readFileIfPresent, writeFileAtomic } from '../state/atomic-file.ts';

const fileName = 'manifest.json';
/** Characters of JSON in JSON, and the signature. */
const maxFileBytes = 4 * manifestLimits.bytes;

/** Checks signature and content. Throws Error in words for people. */
export function verifyManifest({ keyid, content, signature }: SignedManifest, platformKey: KeyObject): ReadManifest {
  if (keyid !== manifestKeyId) throw new Error('it is signed by a key that this agent does not know');
  if (content.length > manifestLimits.bytes) throw new Error(`it is larger than ${manifestLimits.bytes} bytes`);
  const isSigned = verify(null, Buffer.from(manifestSigningText(content)), platformKey, Buffer.from(signature, 'base64'));
  if (!isSigned) throw new Error('its signature is not that of the platform');
  return readManifest(content);
}

/** The manifest that was last taken; null where there is none, or what is there is damaged or not signed by this key. */
export function loadManifest(stateDirectory: string, platformKey: KeyObject): ReadManifest | null {
  try {
    const found = readFileIfPresent(join(stateDirectory, fileName), maxFileBytes);
    return found && verifyManifest(JSON.parse(found.toString('utf8')) as SignedManifest, platformKey); // checked there
  } catch {
    return null;
  }
}

export function saveManifest(stateDirectory: string, manifest: SignedManifest): void {
  writeFileAtomic(join(stateDirectory, fileName), JSON.stringify(manifest));
}

/** Lower-case hexadecimal. */
export function manifestDigest({ content }: SignedManifest): string {
  return hash('sha256', content);
}
