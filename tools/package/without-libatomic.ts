import { PackageError } from './package-error.ts';

/**
 * `bool __atomic_compare_exchange(size_t n, void *object, void *expected, void *desired, int, int)` for 1, 2, 4, 8 and 16 bytes, as
 * GCC's atomic library declares it: `lock cmpxchg`, on failure the value found goes to *expected. Assembled from:
 * r8=rdx; r9=rcx; jump by rdi to: rax=[r8]; rcx=[r9]; lock cmpxchg [rsi],rcx; je done; [r8]=rax; done: sete al; movzx eax,al; ret;
 * for 16 bytes cmpxchg16b with rbx saved; any other size: ud2.
 */
const compareExchange = Buffer.from(
  '4989d04989c94883ff08741a4883ff0474264883ff1074574883ff0174404883ff0274250f0b498b00498b09f0480fb10e745d498900eb58' +
    '418b00418b09f00fb10e744c418900eb4766418b0066418b0966f00fb10e743866418900eb32418a00418a09f00fb00e7426418800eb2153' +
    '498b00498b5008498b19498b4908f0480fc70e5b740a4989004989500831c0c30f94c00fb6c0c3',
  'hex',
);
const library = 'libatomic.so.1';
const functionName = '__atomic_compare_exchange';

// ELF-64 (System V gABI chapters 4 and 5, and the x86-64 psABI §4.4): field offsets and constants.
const programHeader = { size: 56, type: 0, flags: 4, offset: 8, address: 16, fileSize: 32, memorySize: 40 };
const segment = { load: 1, dynamic: 2, executable: 1 };
const tag = { needed: 1n, strtab: 5n, symtab: 6n, rela: 7n, relaSize: 8n, pltRelaSize: 2n, pltRela: 23n };
const versionTag = { needed: 0x6ffffffen, neededCount: 0x6fffffffn, symbols: 0x6ffffff0n };
const relative = 8n;
const relaSize = 24;
const symbolSize = 24;

interface Segment {
  readonly at: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

/**
 * A copy of an x86-64 ELF program that needs no libatomic.so.1, which minimal systems lack: the one function that Node takes from it goes
 * into the padding behind the code, and the dependency goes. Throws PackageError RUNTIME where the program is not as expected, for
 * instance needs a second function of that library.
 */
export function withoutLibatomic(program: Buffer): Buffer {
  const elf = Buffer.from(program);
  if (elf.length < 64 || elf.toString('latin1', 0, 4) !== '\u007fELF' || elf[4] !== 2 || elf.readUInt16LE(18) !== 62) {
    throw new PackageError('RUNTIME', 'the program is not an x86-64 ELF file');
  }
  const segments = readSegments(elf);
  const dynamic = readDynamic(elf, segments);
  if (!dropNeeded(elf, dynamic)) return elf;
  const symbol = dropVersion(elf, segments, dynamic);
  const stub = appendToCode(elf, segments);
  const table = (address: bigint, size: bigint): [number, number] => [
    fileOffset(segments, dynamic.value(address)),
    dynamic.value(size),
  ];
  const found = [table(tag.rela, tag.relaSize), table(tag.pltRela, tag.pltRelaSize)].map(([at, size]) =>
    pointAt(elf.subarray(at, at + size), symbol, stub),
  );
  if (found.every((count) => count === 0)) throw new PackageError('RUNTIME', `the program has no relocation for ${functionName}`);
  return elf;
}

function readSegments(elf: Buffer): Segment[] {
  const [table, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * programHeader.size;
    const long = (field: number): number => Number(elf.readBigUInt64LE(at + field));
    return {
      at,
      type: elf.readUInt32LE(at + programHeader.type),
      flags: elf.readUInt32LE(at + programHeader.flags),
      offset: long(programHeader.offset),
      address: long(programHeader.address),
      fileSize: long(programHeader.fileSize),
      memorySize: long(programHeader.memorySize),
    };
  });
}

function fileOffset(segments: readonly Segment[], address: number): number {
  const found = segments.find(
    (one) => one.type === segment.load && address >= one.address && address < one.address + one.fileSize,
  );
  if (!found) throw new PackageError('RUNTIME', 'the program refers to an address that it does not load');
  return address - found.address + found.offset;
}

interface Dynamic {
  readonly at: number;
  readonly size: number;
  /** Value of the first entry with that tag. */
  readonly value: (tag: bigint) => number;
  /** Where the entry with that tag lies in the file. */
  readonly entry: (tag: bigint) => number;
  readonly text: (offset: number) => string;
}

function readDynamic(elf: Buffer, segments: readonly Segment[]): Dynamic {
  const found = segments.find((one) => one.type === segment.dynamic);
  if (!found) throw new PackageError('RUNTIME', 'the program is linked statically');
  const entry = (wanted: bigint): number => {
    for (let at = found.offset; at < found.offset + found.fileSize; at += 16) if (elf.readBigInt64LE(at) === wanted) return at;
    throw new PackageError('RUNTIME', `the program has no dynamic entry ${wanted}`);
  };
  const value = (wanted: bigint): number => Number(elf.readBigUInt64LE(entry(wanted) + 8));
  const strings = fileOffset(segments, value(tag.strtab));
  const text = (offset: number): string => elf.toString('latin1', strings + offset, elf.indexOf(0, strings + offset));
  return { at: found.offset, size: found.fileSize, value, entry, text };
}

/** Takes the library out of the list of needed ones; false when it is not there. */
function dropNeeded(elf: Buffer, { at, size, text }: Dynamic): boolean {
  for (let entry = at; entry < at + size; entry += 16) {
    if (elf.readBigInt64LE(entry) !== tag.needed || text(Number(elf.readBigUInt64LE(entry + 8))) !== library) continue;
    elf.copyWithin(entry, entry + 16, at + size);
    elf.fill(0, at + size - 16, at + size);
    return true;
  }
  return false;
}

/**
 * Takes the library out of the list of needed versions: the loader insists that each library of that list is loaded. Returns the number
 * of our function's symbol, which is then of no version (1: global).
 */
function dropVersion(elf: Buffer, segments: readonly Segment[], dynamic: Dynamic): number {
  // Elf64_Verneed: vn_version 2, vn_cnt 2, vn_file 4, vn_aux 4, vn_next 4; the last two count from the entry's own start.
  let at = fileOffset(segments, dynamic.value(versionTag.needed));
  for (; dynamic.text(elf.readUInt32LE(at + 4)) !== library; at += elf.readUInt32LE(at + 12)) {
    if (elf.readUInt32LE(at + 12) === 0) throw new PackageError('RUNTIME', `the program names no version of ${library}`);
  }
  const next = elf.readUInt32LE(at + 12);
  if (elf.readUInt16LE(at + 2) !== 1 || next === 0) {
    throw new PackageError('RUNTIME', `the program wants several versions of ${library}, or nothing behind it`);
  }
  const version = elf.readUInt16LE(at + elf.readUInt32LE(at + 8) + 6);
  // The next library's entry moves into this place.
  const [aux, after] = [elf.readUInt32LE(at + next + 8), elf.readUInt32LE(at + next + 12)];
  elf.copyWithin(at, at + next, at + next + 8);
  elf.writeUInt32LE(aux + next, at + 8);
  elf.writeUInt32LE(after === 0 ? 0 : after + next, at + 12);
  const count = dynamic.entry(versionTag.neededCount) + 8;
  elf.writeBigUInt64LE(elf.readBigUInt64LE(count) - 1n, count);
  return soleSymbolOf(elf, version, { segments, dynamic });
}

function soleSymbolOf(
  elf: Buffer,
  version: number,
  { segments, dynamic }: { segments: readonly Segment[]; dynamic: Dynamic },
): number {
  const versions = fileOffset(segments, dynamic.value(versionTag.symbols));
  const symbols = fileOffset(segments, dynamic.value(tag.symtab));
  // The table of symbols ends where its strings begin: linkers lay them out so, and nothing else says how long it is.
  const count = Math.floor((fileOffset(segments, dynamic.value(tag.strtab)) - symbols) / symbolSize);
  const found = Array.from({ length: count }, (_, index) => index).filter(
    (index) => elf.readUInt16LE(versions + index * 2) === version,
  );
  const names = found.map((index) => dynamic.text(elf.readUInt32LE(symbols + index * symbolSize)));
  const [symbol] = found;
  if (symbol === undefined || names.join() !== functionName) {
    throw new PackageError(
      'RUNTIME',
      `of ${library} the program needs ${names.join(', ') || 'nothing'}, not just ${functionName}`,
    );
  }
  elf.writeUInt16LE(1, versions + symbol * 2);
  return symbol;
}

/** Puts the function behind the code, into the rest of its last page. Returns its address. */
function appendToCode(elf: Buffer, segments: readonly Segment[]): number {
  const code = segments.find(({ type, flags }) => type === segment.load && (flags & segment.executable) !== 0);
  if (!code) throw new PackageError('RUNTIME', 'the program has no code');
  const aligned = Math.ceil(code.fileSize / 16) * 16;
  const [start, end] = [code.offset + aligned, code.offset + aligned + compareExchange.length];
  const free = segments.every(({ type, offset, address }) => {
    const behind = type === segment.load && offset > code.offset;
    return !behind || (offset >= end && address >= code.address + aligned + compareExchange.length);
  });
  const padding = elf.subarray(code.offset + code.fileSize, end);
  if (!free || code.memorySize !== code.fileSize || padding.some((byte) => byte !== 0)) {
    throw new PackageError('RUNTIME', 'there is no room behind the code of the program');
  }
  compareExchange.copy(elf, start);
  const size = BigInt(aligned + compareExchange.length);
  elf.writeBigUInt64LE(size, code.at + programHeader.fileSize);
  elf.writeBigUInt64LE(size, code.at + programHeader.memorySize);
  return code.address + aligned;
}

/** Makes every relocation that asks for the symbol one that holds the address of our function; how many there were. */
function pointAt(table: Buffer, symbol: number, address: number): number {
  let count = 0;
  for (let at = 0; at + relaSize <= table.length; at += relaSize) {
    if (table.readUInt32LE(at + 12) !== symbol) continue;
    table.writeBigUInt64LE(relative, at + 8);
    table.writeBigInt64LE(BigInt(address), at + 16);
    count += 1;
  }
  return count;
}
