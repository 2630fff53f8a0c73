import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { z } from 'zod';
import { type RoleName, delegatedRoles, topRoles } from '../layout.ts';

export const roleNames: readonly RoleName[] = [...topRoles, ...delegatedRoles];

/** A key's public half with the role it was made for, as a file that may be given to anybody. */
export const PublicKeyFile = z.object({
  format: z.literal('vedette-release-public-key-1'),
  role: z.enum([...topRoles, ...delegatedRoles]),
  keyId: z.string().regex(/^[0-9a-f]{64}$/),
  /** Ed25519, 32 bytes (RFC 8032), hexadecimal. */
  public: z.string().regex(/^[0-9a-f]{64}$/),
});
export type PublicKeyFile = z.infer<typeof PublicKeyFile>;

/** What signs: a key of a file, or of a hardware module, which is why it may take its time. */
export interface Signer {
  readonly keyId: string;
  sign(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

export interface SigningKey {
  readonly file: PublicKeyFile;
  readonly privateKey: KeyObject;
}

export function createSigningKey(role: RoleName): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { file: publicKeyFile(role, privateKey), privateKey };
}

/** From the key's PKCS #8 bytes. */
export function importSigningKey(role: RoleName, pkcs8: Buffer): SigningKey {
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return { file: publicKeyFile(role, privateKey), privateKey };
}

export function exportSigningKey({ privateKey }: SigningKey): Buffer {
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

export function signerOf({ file, privateKey }: SigningKey): Signer {
  return { keyId: file.keyId, sign: (bytes) => sign(null, bytes, privateKey) };
}

function publicKeyFile(role: RoleName, privateKey: KeyObject): PublicKeyFile {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const hex = Buffer.from(x, 'base64url').toString('hex');
  return { format: 'vedette-release-public-key-1', role, keyId: keyIdOf(hex), public: hex };
}

/** The key as metadata lists it (TUF 4.2). */
export function tufKey(publicHex: string): { keytype: string; scheme: string; keyval: { public: string } } {
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } };
}

/** TUF 4.2: SHA-256 of the key's canonical form. */
export function keyIdOf(publicHex: string): string {
  return createHash('sha256')
    .update(canonicalize(tufKey(publicHex)))
    .digest('hex');
}
