import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Enrolled } from '@vedette/protocol';
import { AgentError } from '../errors.ts';
import { readFileIfPresent, writeFileAtomic } from '../state/atomic-file.ts';
import { parseSchedule } from '../transport/replies.ts';

/** What enrollment brought: who this agent is, and whom it trusts. */
export interface Identity {
  readonly agentId: string;
  readonly assetId: string;
  /** Origin, as in https://vedette.example. */
  readonly platform: string;
  /** Ed25519, raw, base64: pinned when the agent enrolled. */
  readonly platformPublicKey: string;
  readonly caFile: string | null;
  readonly schedule: Enrolled['schedule'];
  /** Name of the file with the private key. Written with the identity as one, so that a new key and its ids come together. */
  readonly keyFile: string;
}

/** The key that an agent enrolls with first, and that of an agent that becomes an asset of its own. */
const firstKeyFile = 'agent-key.pem';
const identityFile = 'identity.json';
const maxFileBytes = 64 * 1024;

/** The agent's own key; made on the host when there is none yet, and it never leaves it. Throws AgentError STATE. */
export function loadOrCreateKey(directory: string, keyFile = firstKeyFile): KeyObject {
  const path = join(directory, keyFile);
  const found = readFileIfPresent(path, maxFileBytes);
  if (found) return readKey(path, found);
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileAtomic(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return privateKey;
}

/** Throws AgentError STATE when there is none. */
export function loadExistingKey(directory: string, keyFile: string): KeyObject {
  const path = join(directory, keyFile);
  const found = readFileIfPresent(path, maxFileBytes);
  if (!found) throw new AgentError('STATE', `${path} is missing`);
  return readKey(path, found);
}

function readKey(path: string, pem: Buffer): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a ${key.asymmetricKeyType} key`);
    return key;
  } catch (error) {
    throw new AgentError('STATE', `${path} does not hold an Ed25519 key; remove the state directory to enroll anew`, {
      cause: error,
    });
  }
}

/** Null before enrollment. Throws AgentError STATE when the file is damaged. */
export function loadIdentity(directory: string): Identity | null {
  const path = join(directory, identityFile);
  const found = readFileIfPresent(path, maxFileBytes);
  if (!found) return null;
  try {
    // Our own file, written as a whole; what is checked is what a wrong restore would break.
    const identity = JSON.parse(found.toString('utf8')) as Identity;
    importPublicKey(identity.platformPublicKey);
    if (!URL.canParse(identity.platform) || typeof identity.agentId !== 'string') throw new Error('incomplete');
    const keyFile = identity.keyFile ?? firstKeyFile; // agents before 0.2 had one name for it
    if (!/^agent-key[-0-9a-f]*\.pem$/.test(keyFile)) throw new Error('not the name of a key file');
    return { ...identity, keyFile, schedule: parseSchedule(identity.schedule) };
  } catch (error) {
    throw new AgentError('STATE', `${path} is damaged; remove the state directory to enroll anew`, { cause: error });
  }
}

export function saveIdentity(directory: string, identity: Identity): void {
  writeFileAtomic(join(directory, identityFile), `${JSON.stringify(identity, null, 2)}\n`);
}

/** Raw 32 bytes of an Ed25519 public key (RFC 8032) in base64. */
export function exportPublicKey(privateKey: KeyObject): string {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url').toString('base64');
}

export function importPublicKey(base64: string): KeyObject {
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== 32) throw new Error('an Ed25519 public key has 32 bytes');
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') } });
}
