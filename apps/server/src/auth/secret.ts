import { createHash, randomBytes } from 'node:crypto';

/** What a secret is for stands before it, so that scanners of leaked secrets can recognise it. */
export type SecretPrefix = 'vds' | 'vdt' | 'vdk';

/** A new secret of 256 random bits. It is shown once; only its hash is kept. */
export function newSecret(prefix: SecretPrefix): { secret: string; hash: Buffer } {
  const secret = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { secret, hash: hashSecret(secret) };
}

/** SHA-256 is enough: there is nothing to guess in 256 random bits. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
