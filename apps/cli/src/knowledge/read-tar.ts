/** A regular file inside a tar archive. */
export interface TarMember {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const block = 512;

/**
 * Regular files of a POSIX ustar or GNU archive (pax(1) "ustar Interchange Format"), in order; other members are passed over. Long
 * names come from GNU `L` members and pax `path` records. Only for archives whose origin is known: limits sizes, not counts.
 * Only files whose path `wants` accepts are kept in memory. Throws Error for a damaged or cut archive.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  maxMemberBytes: number,
  wants: (path: string) => boolean = () => true,
): AsyncGenerator<TarMember> {
  const input = new ByteReader(chunks);
  let longName: string | null = null;
  for (;;) {
    const header = await input.take(block);
    // The end is two blocks of zeros; whatever follows is padding.
    if (header.every((byte) => byte === 0)) return;
    const size = Number.parseInt(field(header, 124, 12), 8);
    if (!(size >= 0 && size <= maxMemberBytes)) throw new Error(`tar member with the size ${field(header, 124, 12)}`);
    const padded = Math.ceil(size / block) * block;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'L' || type === 'x') {
      const body = (await input.take(padded)).subarray(0, size);
      longName = type === 'L' ? field(body, 0, size) : (paxPath(body) ?? longName);
      continue;
    }
    const path = longName ?? pathOf(header);
    longName = null;
    if ((type === '0' || type === '\0') && wants(path)) yield { path, bytes: (await input.take(padded)).subarray(0, size) };
    else await input.skip(padded);
  }
}

function pathOf(header: Uint8Array): string {
  const prefix = field(header, 345, 155);
  return prefix === '' ? field(header, 0, 100) : `${prefix}/${field(header, 0, 100)}`;
}

function field(bytes: Uint8Array, start: number, length: number): string {
  const part = bytes.subarray(start, start + length);
  const end = part.indexOf(0);
  return new TextDecoder().decode(end === -1 ? part : part.subarray(0, end));
}

function paxPath(body: Uint8Array): string | null {
  return /^\d+ path=(.*)$/m.exec(new TextDecoder().decode(body))?.[1] ?? null;
}

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Gives exact numbers of bytes out of chunks of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(count: number): Promise<Uint8Array> {
    const parts = [this.#rest];
    let have = this.#rest.length;
    while (have < count) {
      const next = await this.#chunks.next();
      if (next.done) throw new Error('the tar archive is cut');
      parts.push(bufferOver(next.value));
      have += next.value.length;
    }
    const all = parts.length === 1 ? this.#rest : Buffer.concat(parts);
    this.#rest = all.subarray(count);
    return all.subarray(0, count);
  }

  async skip(count: number): Promise<void> {
    let left = count;
    while (left > this.#rest.length) {
      left -= this.#rest.length;
      const next = await this.#chunks.next();
      if (next.done) throw new Error('the tar archive is cut');
      this.#rest = bufferOver(next.value);
    }
    this.#rest = this.#rest.subarray(left);
  }
}
