/** A file of which parts are read where they lie, because a package database may be larger than the memory an agent may use. */
export interface RandomBytes {
  readonly length: number;
  /** Bytes from `start` (inclusive) to `end` (exclusive), fewer only behind the end of the file. Valid until the next call. */
  slice(start: number, end: number): Uint8Array;
}

/** A file that is in memory as a whole. */
export function bytesInMemory(content: Uint8Array): RandomBytes {
  return { length: content.length, slice: (start, end) => content.subarray(start, end) };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
