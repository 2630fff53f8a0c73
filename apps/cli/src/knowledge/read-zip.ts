import { inflateRawSync } from 'node:zlib';
import { CliError } from '../errors.ts';

/** A file inside a zip archive; its bytes are unpacked when asked for. */
export interface ZipMember {
  readonly path: string;
  readonly bytes: () => Buffer;
}

const signatures = { end: 0x06054b50, central: 0x02014b50, local: 0x04034b50 } as const;
const maxCommentBytes = 0xffff;
const maxMembers = 1_000_000;

/**
 * Files of a zip archive in memory, by its central directory (PKWARE APPNOTE 4.3): stored or deflated, without encryption, below 4 GiB.
 * Throws CliError FAILURE for a damaged one, also while a member is unpacked, and for a member above `maxMemberBytes`.
 */
export function* readZip(archive: Buffer, maxMemberBytes: number): Generator<ZipMember> {
  const end = findEnd(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  // More members than the field holds: count on until the directory ends.
  for (let member = 0; (member < count || count === 0xffff) && member < maxMembers && at + 46 <= end; member += 1) {
    if (archive.readUInt32LE(at) !== signatures.central) {
      if (count === 0xffff) return;
      throw damaged();
    }
    const nameBytes = archive.readUInt16LE(at + 28);
    const path = archive.toString('utf8', at + 46, at + 46 + nameBytes);
    const entry = {
      method: archive.readUInt16LE(at + 10),
      packed: archive.readUInt32LE(at + 20),
      size: archive.readUInt32LE(at + 24),
      local: archive.readUInt32LE(at + 42),
    };
    if (!path.endsWith('/')) yield { path, bytes: () => unpack(archive, entry, maxMemberBytes) };
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
}

function findEnd(archive: Buffer): number {
  const first = Math.max(0, archive.length - 22 - maxCommentBytes);
  for (let at = archive.length - 22; at >= first; at -= 1) if (archive.readUInt32LE(at) === signatures.end) return at;
  throw damaged();
}

interface Entry {
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly local: number;
}

function unpack(archive: Buffer, { method, packed, size, local }: Entry, maxMemberBytes: number): Buffer {
  if (size > maxMemberBytes)
    throw new CliError('FAILURE', `a member of the zip archive has ${size} bytes, more than ${maxMemberBytes}`);
  if (local + 30 > archive.length || archive.readUInt32LE(local) !== signatures.local) throw damaged();
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const body = archive.subarray(start, start + packed);
  if (body.length !== packed || (method !== 0 && method !== 8)) throw damaged();
  if (method === 0) return body;
  try {
    return inflateRawSync(body, { maxOutputLength: maxMemberBytes });
  } catch (cause) {
    throw damaged(cause);
  }
}

function damaged(cause?: unknown): CliError {
  return new CliError('FAILURE', 'the zip archive is damaged or of a kind that is not read here', { cause });
}
