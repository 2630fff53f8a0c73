import { promisify } from 'node:util';
import { constants, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { z } from 'zod';
import { AgentProblem } from './agent-problem.ts';
import type { SignedRequest } from './verify-request.ts';

const decompress = promisify(zstdDecompress);
// A window above 8 MiB would make the platform allocate what the sender chooses.
const params = { [constants.ZSTD_d_windowLogMax]: 23 };
/** A body so small is unpacked on the spot, up to a size that takes no time: a way through the thread pool costs more. */
const smallBody = { bytes: 4 * 1024, unpackedBytes: 128 * 1024 };

interface DocumentLimit {
  readonly maxBytes: number;
  /** Hears how many bytes will be parsed, before they are. */
  readonly charge?: (bytes: number) => void;
}

/** Unpacks within the limit, parses, checks against the schema. Throws AgentProblem MALFORMED or TOO_LARGE. */
export async function readDocument<Document extends z.ZodType>(
  request: SignedRequest,
  schema: Document,
  { maxBytes, charge }: DocumentLimit,
): Promise<z.infer<Document>> {
  const bytes = await unpack(request, maxBytes);
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  charge?.(bytes.length);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8')); // The schema check follows.
  } catch (error) {
    throw new AgentProblem('MALFORMED', 'The body is not JSON.', { cause: error });
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AgentProblem(
    'MALFORMED',
    `The document breaks its schema at ${issue?.path.join('.').slice(0, 100)}: ${issue?.message}`,
  );
}

async function unpack({ headers, body }: SignedRequest, maxBytes: number): Promise<Buffer> {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'zstd') throw new AgentProblem('MALFORMED', 'The body must be sent as zstd or uncompressed.');
  try {
    const small = body.length <= smallBody.bytes ? unpackSmall(body) : null;
    return small ?? (await decompress(body, { maxOutputLength: maxBytes, params }));
  } catch (error) {
    if (isTooLarge(error)) throw tooLarge(maxBytes);
    throw new AgentProblem('MALFORMED', 'The body is not valid zstd.', { cause: error });
  }
}

/** Null for what is not small any more when unpacked. */
function unpackSmall(body: Buffer): Buffer | null {
  try {
    return zstdDecompressSync(body, { maxOutputLength: smallBody.unpackedBytes, params });
  } catch (error) {
    if (isTooLarge(error)) return null;
    throw error;
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

function tooLarge(maxBytes: number): AgentProblem {
  return new AgentProblem('TOO_LARGE', `This document may unpack to ${maxBytes} bytes.`);
}
