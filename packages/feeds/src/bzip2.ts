import { FeedError } from './errors.ts';

const blockMagic = 0x314159265359;
const endMagic = 0x177245385090;
const blockUnit = 100_000;
/** Selectors change the Huffman table after so many symbols. */
const groupSymbols = 50;
const maxCodeLength = 20;
const runA = 0;
const runB = 1;

/**
 * Undoes bzip2, block by block, so that memory holds one block (at most 900 kB, 46 MB where it is nothing but runs) beside the packed
 * bytes. Several streams after one another are one, as bzip2 itself has it. Node undoes gzip, deflate, Brotli and zstd, but not this,
 * in which Red Hat, Oracle, SUSE and Canonical publish. Checksums of blocks are compared. Throws FeedError TRUNCATED.
 */
export function* bunzip2(packed: Uint8Array): Generator<Uint8Array> {
  const bits = new BitReader(packed);
  do {
    if (bits.read(24) !== 0x425a68) throw damaged('no bzip2 stream');
    const level = bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw damaged('no size of blocks');
    for (let magic = readMagic(bits); magic !== endMagic; magic = readMagic(bits)) {
      if (magic !== blockMagic) throw damaged('no block');
      yield readBlock(bits, level * blockUnit);
    }
    bits.read(32);
    bits.toByte();
  } while (!bits.atEnd);
}

/** All of it in one piece. Throws FeedError TOO_LARGE beyond `maxBytes`, TRUNCATED. */
export function unpackBzip2(packed: Uint8Array, maxBytes: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  let size = 0;
  for (const block of bunzip2(packed)) {
    size += block.length;
    if (size > maxBytes) throw new FeedError('TOO_LARGE', `It unpacks to more than ${maxBytes} bytes.`);
    blocks.push(block);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  return all;
}

function damaged(what: string): FeedError {
  return new FeedError('TRUNCATED', `The bzip2 data are cut or damaged (${what}).`);
}

/** Most significant bit first. */
class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #buffer = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Up to 32 bits as an unsigned number. */
  read(count: number): number {
    if (count > 16) return this.read(count - 16) * 0x10000 + this.read(16);
    while (this.#count < count) {
      if (this.#at >= this.#bytes.length) throw damaged('it ends too early');
      this.#buffer = ((this.#buffer << 8) | (this.#bytes[this.#at] ?? 0)) & 0xffffff;
      this.#at += 1;
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#buffer >>> this.#count) & ((1 << count) - 1);
  }

  toByte(): void {
    this.#count -= this.#count % 8;
  }

  get atEnd(): boolean {
    return this.#count === 0 && this.#at >= this.#bytes.length;
  }
}

function readMagic(bits: BitReader): number {
  return bits.read(24) * 0x1000000 + bits.read(24);
}

function readBlock(bits: BitReader, maxSize: number): Uint8Array {
  const checksum = bits.read(32);
  if (bits.read(1) === 1) throw damaged('a randomised block, which no bzip2 since 0.9.5 makes');
  const origin = bits.read(24);
  const symbols = readSymbols(bits);
  const selectorsOf = readSelectors(bits);
  const tables = Array.from({ length: selectorsOf.tables }, () => readTable(bits, symbols.length + 2));
  const sorted = readSorted(bits, { symbols, selectors: selectorsOf.selectors, tables, maxSize });
  if (origin >= sorted.length) throw damaged('a beginning outside the block');
  const content = expandRuns(unsort(sorted, origin));
  if (crc(content) !== checksum) throw damaged('a wrong checksum');
  return content;
}

/** Which bytes occur: a map of 16 ranges, then one for each range that has any. */
function readSymbols(bits: BitReader): Uint8Array {
  const ranges = bits.read(16);
  const found: number[] = [];
  for (let range = 0; range < 16; range += 1) {
    if ((ranges & (0x8000 >>> range)) === 0) continue;
    const map = bits.read(16);
    for (let bit = 0; bit < 16; bit += 1) if ((map & (0x8000 >>> bit)) !== 0) found.push(range * 16 + bit);
  }
  if (found.length === 0) throw damaged('a block without bytes');
  return Uint8Array.from(found);
}

/** Which table each group of symbols uses, moved to front. */
function readSelectors(bits: BitReader): { readonly tables: number; readonly selectors: Uint8Array } {
  const tables = bits.read(3);
  const count = bits.read(15);
  if (tables < 2 || tables > 6 || count === 0) throw damaged('no tables');
  const order = Array.from({ length: tables }, (_, index) => index);
  const selectors = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) {
    let place = 0;
    while (bits.read(1) === 1) {
      place += 1;
      if (place >= tables) throw damaged('a table that is none');
    }
    const [chosen = 0] = order.splice(place, 1);
    order.unshift(chosen);
    selectors[index] = chosen;
  }
  return { tables, selectors };
}

/** A canonical Huffman code, by length: the highest code of a length, and where its symbols stand. */
interface HuffmanTable {
  readonly limits: Int32Array;
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
  readonly shortest: number;
}

function readTable(bits: BitReader, size: number): HuffmanTable {
  const lengths = new Uint8Array(size);
  let length = bits.read(5);
  for (let symbol = 0; symbol < size; symbol += 1) {
    for (;;) {
      if (length < 1 || length > maxCodeLength) throw damaged('a code too long');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  const limits = new Int32Array(maxCodeLength + 2).fill(-1);
  const bases = new Int32Array(maxCodeLength + 2);
  const symbols = new Uint16Array(size);
  let [code, placed] = [0, 0];
  for (let bitsLong = 1; bitsLong <= maxCodeLength; bitsLong += 1) {
    bases[bitsLong] = placed - code;
    for (let symbol = 0; symbol < size; symbol += 1) {
      if (lengths[symbol] !== bitsLong) continue;
      symbols[placed] = symbol;
      placed += 1;
      code += 1;
    }
    limits[bitsLong] = code - 1;
    code *= 2;
  }
  return { limits, bases, symbols, shortest: Math.min(...lengths) };
}

function readSymbol(bits: BitReader, { limits, bases, symbols, shortest }: HuffmanTable): number {
  let code = bits.read(shortest);
  for (let length = shortest; length <= maxCodeLength; length += 1) {
    if (code <= (limits[length] ?? -1)) {
      const symbol = symbols[code + (bases[length] ?? 0)];
      if (symbol === undefined) throw damaged('a code that is none');
      return symbol;
    }
    code = code * 2 + bits.read(1);
  }
  throw damaged('a code that is none');
}

interface Coding {
  readonly symbols: Uint8Array;
  readonly selectors: Uint8Array;
  readonly tables: readonly HuffmanTable[];
  readonly maxSize: number;
}

/** The last column of the sorted rotations: Huffman codes of places in a list moved to front, and of runs of its first. */
function readSorted(bits: BitReader, { symbols, selectors, tables, maxSize }: Coding): Uint8Array {
  const order = symbols.slice();
  const end = symbols.length + 1;
  const sorted = new Uint8Array(maxSize);
  let [size, run, weight] = [0, 0, 1];
  for (let read = 0; ; read += 1) {
    const table = tables[selectors[Math.floor(read / groupSymbols)] ?? -1];
    if (!table) throw damaged('too few tables');
    const symbol = readSymbol(bits, table);
    if (symbol === runA || symbol === runB) {
      run += symbol === runA ? weight : 2 * weight;
      weight *= 2;
      if (run > maxSize) throw damaged('a block too large');
      continue;
    }
    if (size + run + 1 > maxSize && !(symbol === end && size + run <= maxSize)) throw damaged('a block too large');
    sorted.fill(order[0] ?? 0, size, size + run);
    size += run;
    [run, weight] = [0, 1];
    if (symbol === end) return sorted.subarray(0, size);
    const place = symbol - 1;
    const byte = order[place] ?? 0;
    order.copyWithin(1, 0, place);
    order[0] = byte;
    sorted[size] = byte;
    size += 1;
  }
}

/** The inverse Burrows-Wheeler transform. */
function unsort(sorted: Uint8Array, origin: number): Uint8Array {
  const starts = new Int32Array(257);
  for (const byte of sorted) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  for (let byte = 0; byte < 256; byte += 1) starts[byte + 1] = (starts[byte + 1] ?? 0) + (starts[byte] ?? 0);
  const next = new Int32Array(sorted.length);
  for (let at = 0; at < sorted.length; at += 1) {
    const byte = sorted[at] ?? 0;
    const place = starts[byte] ?? 0;
    next[place] = at;
    starts[byte] = place + 1;
  }
  const content = new Uint8Array(sorted.length);
  let row = next[origin] ?? 0;
  for (let at = 0; at < content.length; at += 1) {
    content[at] = sorted[row] ?? 0;
    row = next[row] ?? 0;
  }
  return content;
}

/** Behind four equal bytes stands how many more of them follow. */
function expandRuns(content: Uint8Array): Uint8Array {
  let size = 0;
  forEachRun(content, (_, count) => {
    size += count;
  });
  const expanded = new Uint8Array(size);
  let at = 0;
  forEachRun(content, (byte, count) => {
    if (count === 1) expanded[at] = byte;
    else expanded.fill(byte, at, at + count);
    at += count;
  });
  return expanded;
}

function forEachRun(content: Uint8Array, visit: (byte: number, count: number) => void): void {
  let [last, equal] = [-1, 0];
  for (const byte of content) {
    if (equal === 4) {
      visit(last, byte);
      [last, equal] = [-1, 0];
      continue;
    }
    equal = byte === last ? equal + 1 : 1;
    last = byte;
    visit(byte, 1);
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

/** CRC-32, most significant bit first. */
function crc(content: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of content) value = (value << 8) ^ (crcTable[(value >>> 24) ^ byte] ?? 0);
  return ~value >>> 0;
}
