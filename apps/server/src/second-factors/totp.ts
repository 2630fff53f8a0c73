import { Secret, TOTP } from 'otpauth';

const period = 30;
/** Clocks may differ by one step, RFC 6238 5.2. */
const window = 1;

/** What every authenticator program understands: SHA-1, six figures, 30 seconds (RFC 6238; the "Key URI Format"). */
function totpOf(key: Uint8Array, label = ''): TOTP {
  const secret = new Secret({ buffer: Uint8Array.from(key).buffer });
  return new TOTP({ issuer: 'Vedette', label, algorithm: 'SHA1', digits: 6, period, secret });
}

export function newTotp(label: string): { readonly key: Buffer; readonly secret: string; readonly uri: string } {
  const key = Buffer.from(new Secret({ size: 20 }).bytes);
  const totp = totpOf(key, label);
  return { key, secret: totp.secret.base32, uri: totp.toString() };
}

/** The number of the time step that a code belongs to; null for a wrong one. */
export function stepOf(key: Uint8Array, code: string, now: Date): number | null {
  const timestamp = now.getTime();
  const delta = totpOf(key).validate({ token: code, timestamp, window });
  return delta === null ? null : TOTP.counter({ period, timestamp }) + delta;
}
