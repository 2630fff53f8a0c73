/** Numbers below this are one byte; above it the first byte says how many follow. */
const firstLengthByte = 224;
const longNumber = 255;
/** Longest run of digits that a double holds exactly. */
const exactDigits = 15;

/**
 * Collects the bytes of a version key. What it writes orders under memcmp as the values do, and no value's bytes begin another's,
 * so that values can follow each other without marks in between.
 */
export class KeyWriter {
  private buffer = new Uint8Array(48);
  private length = 0;

  /** One byte, 0 to 255: a rank or a mark. */
  byte(value: number): this {
    if (this.length === this.buffer.length) {
      const grown = new Uint8Array(this.buffer.length * 2);
      grown.set(this.buffer);
      this.buffer = grown;
    }
    this.buffer[this.length] = value;
    this.length += 1;
    return this;
  }

  /** Decimal digits of any length, leading zeros without meaning; none means zero. */
  number(digits: string): this {
    return digits.length <= exactDigits ? this.small(Number(digits)) : this.large(BigInt(digits));
  }

  /** A whole number from 0 to 2^53. */
  small(value: number): this {
    if (value < firstLengthByte) return this.byte(value);
    let length = 1;
    for (let limit = 256; value >= limit; limit *= 256) length += 1;
    this.byte(firstLengthByte + length - 1);
    for (let shift = 256 ** (length - 1); shift >= 1; shift /= 256) this.byte(Math.floor(value / shift) % 256);
    return this;
  }

  /** A whole number below 2^16; the greater comes first. */
  descending(value: number): this {
    const inverse = 0xffff - value;
    return this.byte(inverse >> 8).byte(inverse & 0xff);
  }

  /** Text in the order of its UTF-16 code units, a shorter one before its extensions. It must not hold U+0000. */
  text(text: string): this {
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code < 0x80) this.byte(code);
      else
        this.byte(0xff)
          .byte(code >> 8)
          .byte(code & 0xff);
    }
    return this.byte(0);
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  private large(value: bigint): this {
    if (value <= Number.MAX_SAFE_INTEGER) return this.small(Number(value));
    const hex = value.toString(16);
    const even = hex.length % 2 === 0 ? hex : `0${hex}`;
    const length = even.length / 2;
    // 224 … 254 stand for 1 … 31 bytes; beyond that two bytes of length follow, enough for the 4096 characters of a version.
    if (length <= longNumber - firstLengthByte) this.byte(firstLengthByte + length - 1);
    else
      this.byte(longNumber)
        .byte(length >> 8)
        .byte(length & 0xff);
    for (let index = 0; index < even.length; index += 2) this.byte(Number.parseInt(even.slice(index, index + 2), 16));
    return this;
  }
}
