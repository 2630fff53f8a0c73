import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { metadataFolder, targetsFolder } from '@vedette/release';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../http/api-error.ts';
import type { DownloadGate } from './download-gate.ts';

/** An edge, and with it an agent, learns of a release half a minute late at most. */
const timestampCache = 'public, max-age=30, must-revalidate';
const forever = 'public, max-age=31536000, immutable';

/** A name that publishing gives: no folder above, no hidden file, nothing that is being written. */
const metadataName = /^(?:timestamp|[1-9]\d{0,8}\.[a-z]{1,32})\.json$/;
const targetName = /^(?:[a-z][a-z0-9-]{0,63}\/){1,4}([0-9a-f]{64})\.[0-9A-Za-z][0-9A-Za-z._-]{0,150}$/;

/**
 * The repository as any web server would serve it, which is why edges need nothing but this: `/tuf/` and `/targets/`, with ranges and
 * ETags. Everything but the timestamp has its version or hash in its address and may be kept for ever.
 */
export function serveReleaseFiles(app: FastifyInstance, directory: string, admit: DownloadGate): void {
  app.get<{ Params: { '*': string } }>(`/${metadataFolder}*`, async (request, reply) => {
    const name = request.params['*'];
    if (!metadataName.test(name)) throw notFound();
    void reply.header('cache-control', name === 'timestamp.json' ? timestampCache : forever).type('application/json');
    return sendFile(request, reply, { path: join(directory, metadataFolder, name) });
  });
  app.get<{ Params: { '*': string } }>(`/${targetsFolder}*`, async (request, reply) => {
    const name = request.params['*'];
    const hash = name.includes('..') || name.endsWith('.new') ? undefined : targetName.exec(name)?.[1];
    if (hash === undefined) throw notFound();
    void reply.header('cache-control', forever).type('application/octet-stream');
    return sendFile(request, reply, { path: join(directory, targetsFolder, name), hash, admit });
  });
}

/** One file, or one range of it (RFC 9110 §13 and §14); several ranges at once are answered with the whole. */
async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { path, hash, admit }: { readonly path: string; readonly hash?: string; readonly admit?: DownloadGate },
): Promise<FastifyReply> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw notFound();
    throw error;
  });
  if (!stats.isFile()) throw notFound();
  // A file is replaced, never written to: another inode is another content.
  const etag = `"${hash ?? `${stats.ino.toString(36)}-${Math.trunc(stats.mtimeMs).toString(36)}-${stats.size.toString(36)}`}"`;
  void reply.header('etag', etag).header('accept-ranges', 'bytes');
  const { 'if-none-match': known, range, 'if-range': condition } = request.headers;
  if (known !== undefined && (known === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))) {
    return reply.status(304).send();
  }
  const part = range !== undefined && (condition === undefined || condition === etag) ? readRange(range, stats.size) : null;
  if (part === 'unsatisfiable') {
    void reply.header('content-range', `bytes */${stats.size}`).header('cache-control', 'no-store');
    return reply.status(416).send();
  }
  const size = stats.size;
  if (request.method === 'GET' && size > 0) {
    admit?.(request, reply, part ? { first: part.start, last: part.end, size } : { first: 0, last: size - 1, size });
  }
  if (part === null) {
    void reply.header('content-length', stats.size);
    return request.method === 'HEAD' || stats.size === 0
      ? reply.send()
      : reply.send(createReadStream(path, { end: stats.size - 1 }));
  }
  const { start, end } = part;
  void reply
    .status(206)
    .header('content-range', `bytes ${start}-${end}/${stats.size}`)
    .header('content-length', end - start + 1);
  return request.method === 'HEAD' ? reply.send() : reply.send(createReadStream(path, { start, end }));
}

/** First and last byte; null for a form that may be ignored (RFC 9110 §14.2). */
export function readRange(header: string, size: number): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim());
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '')) return null;
  if (first === '') {
    const count = Math.min(Number(last), size);
    return count === 0 ? 'unsatisfiable' : { start: size - count, end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return null;
  return start >= size ? 'unsatisfiable' : { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

function notFound(): ApiError {
  return new ApiError('NOT_FOUND', 'There is no such file of a release');
}
