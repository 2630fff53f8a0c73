import { endOfNumber, isDigit, isLetterCode, parseDebianVersion } from './version.ts';

/**
 * Order-preserving key of a Debian version: comparing two keys byte by byte (memcmp, a shorter key before its extensions) gives
 * the order of dpkg, and versions that dpkg calls equal have the same key. So a range of versions is a range of bytes in any
 * store. Throws VersionError like parseDebianVersion.
 *
 * Layout: epoch; then for the upstream part and for the revision each: (non-digits, end mark, number) one or more times, and an
 * end mark where the next non-digits would begin. The end mark sorts between the tilde and the letters, as the end of a
 * part does for dpkg.
 */
export function debianVersionKey(text: string): Uint8Array {
  const version = parseDebianVersion(text);
  const key: number[] = [];
  pushNumber(key, String(version.epoch));
  pushParts(key, version.upstream);
  pushParts(key, version.revision);
  return Uint8Array.from(key);
}

const tilde = 0x01;
const endMark = 0x02;

function pushParts(key: number[], text: string): void {
  let index = 0;
  do {
    while (index < text.length && !isDigit(text, index)) {
      key.push(characterByte(text.charCodeAt(index)));
      index += 1;
    }
    key.push(endMark);
    const end = endOfNumber(text, index);
    pushNumber(key, text.slice(index, end));
    index = end;
  } while (index < text.length);
  key.push(endMark);
}

/** Letters keep their code (0x41 to 0x7a); all others follow them in the order of their codes. */
function characterByte(code: number): number {
  if (code === 0x7e) return tilde;
  return isLetterCode(code) ? code : 0x80 + code;
}

/** Numbers below this are one byte; above it the first byte says how many follow. */
const firstLengthByte = 224;
const longNumber = 255;

/** Digits of any length; none means zero. */
function pushNumber(key: number[], digits: string): void {
  if (digits.length <= 15) {
    const small = Number(digits);
    if (small < firstLengthByte) {
      key.push(small);
      return;
    }
  }
  const value = BigInt(digits);
  if (value < firstLengthByte) {
    key.push(Number(value));
    return;
  }
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const length = even.length / 2;
  // 224 … 254 stand for 1 … 31 bytes; beyond that two bytes of length follow, enough for the 4096 characters of a version.
  if (length <= longNumber - firstLengthByte) key.push(firstLengthByte + length - 1);
  else key.push(longNumber, length >> 8, length & 0xff);
  for (let index = 0; index < even.length; index += 2) key.push(Number.parseInt(even.slice(index, index + 2), 16));
}
