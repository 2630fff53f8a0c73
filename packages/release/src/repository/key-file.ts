import { argon2, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ReleaseError } from '../release-error.ts';
import { exportSigningKey, importSigningKey, PublicKeyFile, type SigningKey } from './key.ts';

const argon2Async = promisify(argon2);

/** A private key as a file: sealed by AES-256-GCM under a key that Argon2id (RFC 9106) makes of the passphrase. */
const SealedKeyFile = z.object({
  format: z.literal('vedette-release-key-1'),
  public: PublicKeyFile,
  kdf: z.object({
    name: z.literal('argon2id'),
    // Upper limits, so that a file from elsewhere cannot make this machine work for hours.
    memoryKiB: z.int().min(19_456).max(1_048_576),
    passes: z.int().min(1).max(16),
    lanes: z.int().min(1).max(16),
    salt: z.base64().max(64),
  }),
  cipher: z.object({ name: z.literal('aes-256-gcm'), nonce: z.base64().length(16), tag: z.base64().length(24) }),
  sealed: z.base64().max(1024),
});
type SealedKeyFile = z.infer<typeof SealedKeyFile>;

/** Longest file that is read as a key. */
export const keyFileMaxBytes = 16 * 1024;
/** Shortest passphrase that a new key is sealed with. */
export const passphraseMinChars = 12;

/** What guessing a passphrase costs; about half a second of one core and 64 MiB for each guess. */
const guessing = { memoryKiB: 65_536, passes: 3, lanes: 4 };

/** Throws ReleaseError `KEY` for a passphrase that is too short. */
export async function sealKey(key: SigningKey, passphrase: string, cost = guessing): Promise<string> {
  if (passphrase.length < passphraseMinChars) {
    throw new ReleaseError('KEY', `the passphrase must have at least ${passphraseMinChars} characters`);
  }
  const kdf = { name: 'argon2id' as const, ...cost, salt: randomBytes(16).toString('base64') };
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await derive(passphrase, kdf), nonce).setAAD(associated(key.file));
  const sealed = Buffer.concat([cipher.update(exportSigningKey(key)), cipher.final()]);
  const file: SealedKeyFile = {
    format: 'vedette-release-key-1',
    public: key.file,
    kdf,
    cipher: { name: 'aes-256-gcm', nonce: nonce.toString('base64'), tag: cipher.getAuthTag().toString('base64') },
    sealed: sealed.toString('base64'),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** What a key file says without its passphrase. Throws ReleaseError `KEY`. */
export function readKeyFile(text: string): PublicKeyFile {
  return parse(text).public;
}

/** Throws ReleaseError `KEY` for a wrong passphrase or a file that was altered. */
export async function openKey(text: string, passphrase: string): Promise<SigningKey> {
  const { public: publicFile, kdf, cipher, sealed } = parse(text);
  const decipher = createDecipheriv('aes-256-gcm', await derive(passphrase, kdf), Buffer.from(cipher.nonce, 'base64'));
  decipher.setAAD(associated(publicFile)).setAuthTag(Buffer.from(cipher.tag, 'base64'));
  let pkcs8: Buffer;
  try {
    pkcs8 = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()]);
  } catch (error) {
    throw new ReleaseError('KEY', `wrong passphrase for key ${publicFile.keyId.slice(0, 12)}, or an altered file`, {
      cause: error,
    });
  }
  const key = importSigningKey(publicFile.role, pkcs8);
  if (key.file.keyId !== publicFile.keyId) throw new ReleaseError('KEY', 'the file holds another key than it says');
  return key;
}

function parse(text: string): SealedKeyFile {
  let json: unknown;
  try {
    json = text.length > keyFileMaxBytes ? null : JSON.parse(text); // the schema follows
  } catch {
    json = null;
  }
  const read = SealedKeyFile.safeParse(json);
  if (!read.success) throw new ReleaseError('KEY', 'this is not a key file of vedette release');
  return read.data;
}

function derive(passphrase: string, { memoryKiB, passes, lanes, salt }: SealedKeyFile['kdf']): Promise<Buffer> {
  const options = { memory: memoryKiB, passes, parallelism: lanes, nonce: Buffer.from(salt, 'base64'), tagLength: 32 };
  return argon2Async('argon2id', { message: Buffer.from(passphrase.normalize('NFKC')), ...options }) as Promise<Buffer>;
}

/** The role and id of a key are sealed with it: nobody turns a content key into a code key by editing the file. */
function associated({ role, keyId }: PublicKeyFile): Buffer {
  return Buffer.from(`vedette-release-key-1 ${role} ${keyId}`);
}
