const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values: ReadonlyMap<string, number> = new Map(Array.from(digits, (digit, index) => [digit, index]));

/** Bytes of base64 text (RFC 4648, 4), white space left out; null for any other character. */
export function fromBase64(text: string): Uint8Array | null {
  const plain = text.replaceAll(/\s/g, '').replace(/={1,2}$/, '');
  const bytes = new Uint8Array(Math.floor((plain.length * 3) / 4));
  let bits = 0;
  let have = 0;
  let at = 0;
  for (const digit of plain) {
    const value = values.get(digit);
    if (value === undefined) return null;
    bits = ((bits << 6) | value) & 0xffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes[at++] = (bits >> have) & 0xff;
  }
  return bytes;
}

/** Base64 without padding, as ssh-keygen(1) writes fingerprints. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const count = Math.min(bytes.length - at, 3) + 1;
    for (let digit = 0; digit < count; digit += 1) text += digits[(group >> (18 - digit * 6)) & 63] ?? '';
  }
  return text;
}
