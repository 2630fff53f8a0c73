import type { IncomingMessage } from 'node:http';
import { DownloadError, type Fetched } from './download.ts';
import type { Upstream } from './upstream.ts';

const maxMetadataBytes = 8 * 1024 * 1024;
/** Silence; agents turn to the platform themselves when a relay gives them nothing for so long. */
const timeoutMs = 8000;

/** Bytes of a target of the platform from one on. Throws DownloadError or UpstreamError. */
export async function fetchTarget(upstream: Upstream, path: string, from: number): Promise<Fetched> {
  const answer = await ask(upstream, path, from > 0 ? { range: `bytes=${from}-` } : {});
  const part = /^bytes (\d{1,12})-\d{1,12}\/(\d{1,12})$/.exec(answer.headers['content-range'] ?? '');
  const length = Number(part?.[2] ?? answer.headers['content-length'] ?? Number.NaN);
  if (Number.isNaN(length) || (answer.statusCode === 206) !== (part !== null)) {
    answer.destroy();
    throw new DownloadError('UNAVAILABLE', `${path}: an answer without length`);
  }
  return { length, from: Number(part?.[1] ?? 0), body: answer as AsyncIterable<Buffer> };
}

/** The whole of a file of metadata. Throws DownloadError or UpstreamError. */
export async function fetchMetadata(upstream: Upstream, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of (await ask(upstream, path, {})) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxMetadataBytes) throw new DownloadError('TOO_LARGE', `${path} is too large`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

async function ask(upstream: Upstream, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const answer = await upstream.ask({ method: 'GET', path, headers, timeoutMs });
  if (answer.statusCode === 200 || answer.statusCode === 206) return answer;
  answer.resume();
  if (answer.statusCode === 404) throw new DownloadError('MISSING', `${path} is not there`);
  const retryAfterSeconds = Math.min(3600, Number(answer.headers['retry-after'] ?? 0) || 0);
  throw new DownloadError('UNAVAILABLE', `${path}: status ${answer.statusCode}`, { retryAfterSeconds });
}
