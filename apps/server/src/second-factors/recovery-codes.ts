import { randomBytes } from 'node:crypto';
import { hashSecret } from '../auth/secret.ts';

const letters = 'abcdefghjkmnpqrstuvwxyz23456789'; // without those that are mistaken for another

/** Ten codes of 16 letters, 79 bits each: as with tokens there is nothing to guess, so a plain hash will do. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: 10 }, () => Array.from({ length: 4 }, () => fourLetters()).join('-'));
}

export function hashRecoveryCode(code: string): Buffer {
  return hashSecret(code.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
}

function fourLetters(): string {
  let text = '';
  while (text.length < 4) {
    for (const byte of randomBytes(8)) {
      // The rest of 256 would make some letters likelier.
      if (byte < letters.length * 8 && text.length < 4) text += letters[byte % letters.length] ?? '';
    }
  }
  return text;
}
