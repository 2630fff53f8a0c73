import { createHash } from 'node:crypto';
import { z } from 'zod';
import { distributedKind } from '@vedette/protocol';
import { BackupKey } from './backup-keys.ts';
import { BackupError } from './backup-error.ts';

/**
 * A backup is one zstd stream of frames: a letter, the length of what follows in four bytes (big endian), and that. `H` the header, for
 * each table `T`, any number of `D` (PostgreSQL's COPY text format) and `E` with the number of rows; for each file of the releases `F`, any
 * number of `D` and `E` with the number of bytes; last `Z` with the SHA-256 of all before it. Without its `Z` a backup is none: it was cut short.
 */
export type Frame =
  | { readonly kind: 'H'; readonly header: BackupHeader }
  | { readonly kind: 'T'; readonly table: TableHead }
  | { readonly kind: 'F'; readonly path: string }
  | { readonly kind: 'D'; readonly data: Buffer }
  | { readonly kind: 'E'; readonly rows: number }
  | { readonly kind: 'Z'; readonly sha256: string };

export const BackupHeader = z.object({
  format: z.literal(1),
  product: z.string().max(100),
  madeAt: z.iso.datetime(),
  /** Names of the migrations that made the schema, in order. */
  migrations: z.array(z.string().max(200)).min(1).max(10_000),
  /** Null where nothing was sealed. */
  key: BackupKey.nullable().default(null),
});
export type BackupHeader = z.infer<typeof BackupHeader>;

const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);
export const TableHead = z.object({
  name,
  columns: z.array(name).min(1).max(1000),
  /** Partitions to be there before the rows: their names and bounds, as pg_get_expr says them. */
  partitions: z
    .array(z.object({ name, bound: z.string().regex(/^(DEFAULT|FOR VALUES FROM \([^;()]{1,200}\) TO \([^;()]{1,200}\))$/) }))
    .max(10_000),
});
export type TableHead = z.infer<typeof TableHead>;

/** Below the directory of releases, as anybody may fetch it: it leads nowhere else. */
const FileHead = z.object({ path: z.string().refine((path) => distributedKind(`/${path}`) !== null) });

const End = z.object({ rows: z.int().nonnegative() });
const Last = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
/** COPY sends a row in one piece; no row of ours comes near. */
const maxFrameBytes = 256 * 1024 * 1024;
const headBytes = 5;

/** Turns frames into bytes and counts the hash along. */
export class FrameWriter {
  readonly #hash = createHash('sha256');

  json(kind: 'H' | 'T' | 'F' | 'E', value: object): Buffer {
    return this.data(kind, Buffer.from(JSON.stringify(value)));
  }

  data(kind: 'H' | 'T' | 'F' | 'D' | 'E', payload: Buffer): Buffer {
    const bytes = frame(kind, payload);
    this.#hash.update(bytes);
    return bytes;
  }

  /** The last frame. */
  end(): Buffer {
    return frame('Z', Buffer.from(JSON.stringify({ sha256: this.#hash.digest('hex') })));
  }
}

function frame(kind: Frame['kind'], payload: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.write(kind, 'latin1');
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/**
 * Reads frames as bytes arrive, in bounded memory. Throws BackupError DAMAGED for anything that is not a whole backup, at the latest after
 * the last frame: what was read before must not be kept then.
 */
export async function* readFrames(bytes: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  const hash = createHash('sha256');
  let rest: Buffer = Buffer.alloc(0);
  let ended = false;
  for await (const chunk of bytes) {
    if (ended) throw new BackupError('DAMAGED', 'something follows the end of the backup');
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= headBytes) {
      const length = rest.readUInt32BE(1);
      if (length > maxFrameBytes) throw new BackupError('DAMAGED', 'this is no backup of Vedette, or it is damaged');
      if (rest.length < headBytes + length) break;
      const whole = rest.subarray(0, headBytes + length);
      rest = rest.subarray(headBytes + length);
      const parsed = parseFrame(whole);
      if (parsed.kind === 'Z') {
        if (parsed.sha256 !== hash.digest('hex')) throw new BackupError('DAMAGED', 'the backup was changed: its hash is another');
        ended = true;
      } else hash.update(whole);
      yield parsed;
    }
  }
  if (!ended || rest.length > 0) throw new BackupError('DAMAGED', 'the backup was cut short: its end is missing');
}

function parseFrame(whole: Buffer): Frame {
  const payload = whole.subarray(headBytes);
  const kind = whole.toString('latin1', 0, 1);
  switch (kind) {
    case 'D':
      return { kind, data: payload };
    case 'H':
      return { kind, header: parse(BackupHeader, payload) };
    case 'T':
      return { kind, table: parse(TableHead, payload) };
    case 'F':
      return { kind, ...parse(FileHead, payload) };
    case 'E':
      return { kind, ...parse(End, payload) };
    case 'Z':
      return { kind, ...parse(Last, payload) };
    default:
      throw new BackupError('DAMAGED', 'this is no backup of Vedette, or it is damaged');
  }
}

function parse<Value>(schema: z.ZodType<Value>, payload: Buffer): Value {
  try {
    return schema.parse(JSON.parse(payload.toString('utf8')));
  } catch (cause) {
    throw new BackupError('DAMAGED', 'a part of the backup cannot be read', { cause });
  }
}
