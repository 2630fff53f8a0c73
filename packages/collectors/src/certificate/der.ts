/** One element of DER (X.690): its tag and where its content lies. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The elements that stand one behind the other; null when the bytes are not a whole number of them, or are more than any certificate has. */
export function elementsOf(bytes: Uint8Array): Element[] | null {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = lengthAt(bytes, at + 1);
    if (length === null || length.end > bytes.length || found.length > 1000) return null;
    found.push({ tag: bytes[at] ?? 0, content: bytes.subarray(length.start, length.end), whole: bytes.subarray(at, length.end) });
    at = length.end;
  }
  return found;
}

/** 8.1.3: one byte, or a byte that tells how many follow; more than three are longer than any file read here. */
function lengthAt(bytes: Uint8Array, at: number): { start: number; end: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  if (first < 0x80) return { start: at + 1, end: at + 1 + first };
  const count = first & 0x7f;
  if (count === 0 || count > 3 || at + 1 + count > bytes.length) return null;
  const length = bytes.subarray(at + 1, at + 1 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return { start: at + 1 + count, end: at + 1 + count + length };
}

/** 8.19: the numbers of an object identifier with dots; empty for one that is none. */
export function oidText(content: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content.subarray(0, 64)) {
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) return '';
    if (byte >= 0x80) continue;
    if (numbers.length === 0) numbers.push(Math.min(Math.floor(value / 40), 2), value - Math.min(Math.floor(value / 40), 2) * 40);
    else numbers.push(value);
    value = 0;
  }
  return numbers.join('.');
}

/** UTCTime and GeneralizedTime as RFC 5280 (4.1.2.5) has them, to RFC 3339; empty for others. */
export function timeText({ tag, content }: Element): string {
  const text = new TextDecoder('latin1').decode(content.subarray(0, 20));
  const digits = /^([0-9]{12}|[0-9]{14})Z$/.exec(text)?.[1];
  if (digits === undefined || (tag !== 0x17 && tag !== 0x18)) return '';
  // "Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY".
  const full = digits.length === 14 ? digits : `${Number(digits.slice(0, 2)) >= 50 ? '19' : '20'}${digits}`;
  const part = (from: number, length: number): string => full.slice(from, from + length);
  return `${part(0, 4)}-${part(4, 2)}-${part(6, 2)}T${part(8, 2)}:${part(10, 2)}:${part(12, 2)}Z`;
}

/** Texts of a name: UTF-8, or characters of 16 bits (BMPString), or bytes that are Latin. */
export function stringText({ tag, content }: Element): string {
  if (tag === 0x1e) return new TextDecoder('utf-16be').decode(content);
  return new TextDecoder(tag === 0x0c ? 'utf-8' : 'latin1').decode(content);
}
