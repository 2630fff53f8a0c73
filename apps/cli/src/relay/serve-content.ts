import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type DistributedKind, targetSha256 } from '@vedette/protocol';
import type { Content, ContentCache } from './content-cache.ts';
import { DownloadError, type DownloadErrorCode } from './download.ts';
import type { MetadataCache } from './metadata-cache.ts';
import { refuse } from './refuse.ts';

export interface Caches {
  readonly content: ContentCache;
  readonly metadata: MetadataCache;
}

const statuses: Record<DownloadErrorCode, number> = { MISSING: 404, ALTERED: 502, TOO_LARGE: 502, UNAVAILABLE: 503 };
const unreachable = { code: 'UNAVAILABLE', retryAfterSeconds: 0 } as const;
const forEver = 'public, max-age=31536000, immutable';

/** Answers GET or HEAD for a name that origins hand out. */
export async function serveContent(
  { content, metadata }: Caches,
  { path, kind, request, response }: { path: string; kind: DistributedKind; request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  try {
    if (kind === 'target') {
      const { content: found, isHit } = await content.open(path);
      const headers = { etag: `"${targetSha256(path)}"`, 'content-type': 'application/octet-stream', 'cache-control': forEver };
      await send(found, { ...headers, 'cache-status': cacheStatus(isHit ? 'hit' : 'miss') }, request, response);
    } else {
      const { bytes, ageSeconds, state } = await metadata.open(path);
      const headers = {
        'content-type': 'application/json',
        'cache-control': kind === 'timestamp' ? 'no-cache' : forEver,
        'cache-status': cacheStatus(state),
        age: String(Math.floor(ageSeconds)),
      };
      await send({ length: bytes.length, read: (first, last) => [bytes.subarray(first, last + 1)] }, headers, request, response);
    }
  } catch (error) {
    // Half an answer cannot be taken back: the client sees a broken connection and goes on elsewhere.
    if (response.headersSent) response.destroy();
    else {
      const { code, retryAfterSeconds } = error instanceof DownloadError ? error : unreachable;
      refuse(response, statuses[code], { code, detail: 'This cannot be handed out now.', retryAfterSeconds });
    }
  }
}

interface Bytes {
  readonly length: number;
  readonly read: (first: number, last: number) => Iterable<Buffer> | ReturnType<Content['read']>;
}

async function send(
  bytes: Bytes,
  headers: Readonly<Record<string, string>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('accept-ranges', 'bytes');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (headers['etag'] !== undefined && request.headers['if-none-match'] === headers['etag'])
    return void response.writeHead(304).end();
  const range = rangeOf(request, bytes.length, headers['etag'] ?? '');
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${bytes.length}`);
    return void response.writeHead(416).end();
  }
  const { first, last } = range ?? { first: 0, last: bytes.length - 1 };
  response.setHeader('content-length', last + 1 - first);
  if (range) response.setHeader('content-range', `bytes ${first}-${last}/${bytes.length}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD' || last < first) return void response.end();
  await pipeline(Readable.from(bytes.read(first, last)), response);
}

/** A single range (RFC 9110 §14.2); null for none, or one that may be ignored: several, another unit, of another version. */
function rangeOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  length: number,
  etag: string,
): { readonly first: number; readonly last: number } | 'unsatisfiable' | null {
  const isOfAnother = headers['if-range'] !== undefined && headers['if-range'] !== etag;
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.range ?? '') ?? [];
  if (isOfAnother || (from === '' && to === '')) return null;
  const end = length - 1;
  if (from === '')
    return Number(to) === 0 || length === 0 ? 'unsatisfiable' : { first: Math.max(0, length - Number(to)), last: end };
  const last = to === '' ? end : Math.min(Number(to), end);
  if (to !== '' && Number(to) < Number(from)) return null;
  return Number(from) > end ? 'unsatisfiable' : { first: Number(from), last };
}

/** RFC 9211 */
function cacheStatus(state: 'hit' | 'miss' | 'stale'): string {
  const text = { hit: 'hit', miss: 'fwd=uri-miss', stale: 'hit; fwd=stale; fwd-status=503' };
  return `vedette-relay; ${text[state]}`;
}
