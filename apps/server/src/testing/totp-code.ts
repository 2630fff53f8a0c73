import { Secret, TOTP } from 'otpauth';

/** What a program with this secret, in base 32, shows at a moment. */
export function totpCode(secret: string, at: Date): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at.getTime() });
}
