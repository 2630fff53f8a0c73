import { createHash, type Hash } from 'node:crypto';
import { dirname } from 'node:path';
import type { Disk } from './disk.ts';

/** What a file must be, as signed metadata says. */
export interface ExpectedFile {
  readonly bytes: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
}

/** The bytes are not those that were signed. */
export class WrongBytes extends Error {
  override readonly name = 'WrongBytes';
}

const readAtOnce = 512 * 1024 * 1024;

/**
 * A file that arrives in pieces, from one or several origins, hashed as it arrives. What came before a crash counts after it: it is
 * hashed again, and what the power has taken or spoilt is found out at the end at the latest, and fetched anew.
 */
export class PartialFile {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #expected: ExpectedFile;
  #hash: Hash = createHash('sha256');
  #bytes = 0;

  constructor(disk: Disk, path: string, expected: ExpectedFile) {
    this.#disk = disk;
    this.#path = path;
    this.#expected = expected;
    disk.makeDirectory(dirname(path));
    const found = disk.read(path, readAtOnce);
    if (found === null || found.length > expected.bytes) this.restart();
    else this.#take(found);
  }

  /** Bytes that are there: the offset to go on from. */
  get bytes(): number {
    return this.#bytes;
  }

  get expectedBytes(): number {
    return this.#expected.bytes;
  }

  /** Throws WrongBytes, and starts over, when there are more than there should be. */
  append(chunk: Uint8Array): void {
    if (this.#bytes + chunk.length > this.#expected.bytes) {
      this.restart();
      throw new WrongBytes(`more than ${this.#expected.bytes} bytes came`);
    }
    this.#disk.append(this.#path, chunk);
    this.#take(chunk);
  }

  /** True once everything has come and is right, and lasts. Throws WrongBytes, and starts over, when it is not what was signed. */
  finish(): boolean {
    if (this.#bytes < this.#expected.bytes) return false;
    const found = this.#hash.copy().digest('hex');
    if (found !== this.#expected.sha256) {
      this.restart();
      throw new WrongBytes(`its SHA-256 is ${found.slice(0, 16)}…, not ${this.#expected.sha256.slice(0, 16)}…`);
    }
    this.#disk.syncFile(this.#path);
    return true;
  }

  restart(): void {
    this.#disk.write(this.#path, Buffer.of());
    this.#hash = createHash('sha256');
    this.#bytes = 0;
  }

  #take(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }
}
