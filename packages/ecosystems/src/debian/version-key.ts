import { KeyWriter } from '../shared/key-writer.ts';
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
  const key = new KeyWriter().small(version.epoch);
  writeParts(key, version.upstream);
  writeParts(key, version.revision);
  return key.bytes();
}

const tilde = 0x01;
const endMark = 0x02;

function writeParts(key: KeyWriter, text: string): void {
  let index = 0;
  do {
    while (index < text.length && !isDigit(text, index)) {
      key.byte(characterByte(text.charCodeAt(index)));
      index += 1;
    }
    const end = endOfNumber(text, index);
    key.byte(endMark).number(text.slice(index, end));
    index = end;
  } while (index < text.length);
  key.byte(endMark);
}

/** Letters keep their code (0x41 to 0x7a); all others follow them in the order of their codes. */
function characterByte(code: number): number {
  if (code === 0x7e) return tilde;
  return isLetterCode(code) ? code : 0x80 + code;
}
