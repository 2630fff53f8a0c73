import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

// Argon2id with 19 MiB, two passes, one lane: the first choice of OWASP's password storage cheat sheet.
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
const derive = promisify(argon2);

/** Hashes a password as a PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const hash = await derive('argon2id', { message: password, nonce, ...cost });
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(nonce)}$${unpadded(hash)}`;
}

/**
 * Whether the password belongs to the stored hash. Takes as long without one: the time must not tell which logins exist.
 */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(stored ?? '');
  const expected = Buffer.from(parts?.[5] ?? '', 'base64');
  const hash = await derive('argon2id', {
    message: password,
    nonce: parts ? Buffer.from(parts[4] ?? '', 'base64') : randomBytes(16),
    memory: parts ? Number(parts[1]) : cost.memory,
    passes: parts ? Number(parts[2]) : cost.passes,
    parallelism: parts ? Number(parts[3]) : cost.parallelism,
    tagLength: cost.tagLength,
  });
  return expected.length === hash.length && timingSafeEqual(expected, hash);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
