import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface OriginFault {
  /** Instead of the file. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection ends after so many bytes of the body. */
  readonly cutsAfterBytes?: number;
  /** Other bytes of the same length. */
  readonly altersBytes?: boolean;
  /** Waits for this before it answers. */
  readonly until?: Promise<void>;
}

export interface OriginReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * What a platform hands out below `tuf/` and `targets/`, from memory: files by path, with single ranges, on loopback. It counts what it
 * was asked, and can be told to fail.
 */
export class ReleaseOrigin implements AsyncDisposable {
  readonly files = new Map<string, Buffer>();
  /** Each request, in order. */
  readonly requests: { readonly path: string; readonly range: string; readonly headers: IncomingMessage['headers'] }[] = [];
  /** Bodies that were posted, in order. */
  readonly posted: { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }[] = [];
  /** What a POST is answered with. */
  onPost: (path: string) => OriginReply | Promise<OriginReply> = () => ({ status: 404 });
  /** How the next requests go wrong; null: they do not. */
  fault: OriginFault | null = null;
  readonly #server: Server;
  #url = '';

  private constructor(tls?: { readonly key: string; readonly cert: string }) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    this.#server = tls ? createSecureServer(tls, answer) : createServer(answer);
  }

  static async start(tls?: { readonly key: string; readonly cert: string }): Promise<ReleaseOrigin> {
    const origin = new ReleaseOrigin(tls);
    await origin.#listen(0);
    return origin;
  }

  /** Without a slash at the end. */
  get url(): string {
    return this.#url;
  }

  /** Adds a target of these bytes; returns its path. */
  addTarget(bytes: Buffer, name = 'code/agent-linux-x64/0.2.0.zst'): string {
    const slash = name.lastIndexOf('/') + 1;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = `/targets/${name.slice(0, slash)}${sha256}.${name.slice(slash)}`;
    this.files.set(path, bytes);
    return path;
  }

  addMetadata(role: string, version: number): string {
    const path = role === 'timestamp' ? '/tuf/timestamp.json' : `/tuf/${version}.${role}.json`;
    this.files.set(path, Buffer.from(JSON.stringify({ signed: { _type: role, version }, signatures: [] })));
    return path;
  }

  /** Requests for one path. */
  asked(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  /** Nobody listens any more, until `comeBack`. */
  async goAway(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  async comeBack(): Promise<void> {
    await this.#listen(Number(new URL(this.#url).port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.goAway();
  }

  async #listen(port: number): Promise<void> {
    const listening = Promise.withResolvers<void>();
    this.#server.listen(port, '127.0.0.1', listening.resolve);
    await listening.promise;
    const scheme = 'setSecureContext' in this.#server ? 'https' : 'http';
    this.#url = `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // a TCP server that listens
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (request.method === 'POST') return this.#answerPost(path, request, response);
    const { range = '' } = request.headers;
    this.requests.push({ path, range, headers: request.headers });
    const { fault } = this;
    await fault?.until;
    const file = this.files.get(path);
    if (path === '/livez') response.end('{"status":"ok"}');
    else if (fault?.status !== undefined) response.writeHead(fault.status, fault.headers).end('{}');
    else if (file) sendFile(response, file, { range, fault });
    else response.writeHead(404).end('{}');
  }

  async #answerPost(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    this.posted.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString('latin1') });
    const { status, headers, body } = await this.onPost(path);
    response.writeHead(status, headers).end(body);
  }
}

function sendFile(response: ServerResponse, file: Buffer, { range, fault }: { range: string; fault: OriginFault | null }): void {
  const [first, last] = rangeOf(range, file.length);
  const isPart = range !== '';
  if (first >= file.length) return void response.writeHead(416).end();
  const bytes = fault?.altersBytes ? Buffer.alloc(last + 1 - first, 'x') : file.subarray(first, last + 1);
  response.writeHead(isPart ? 206 : 200, {
    etag: `"${createHash('sha256').update(file).digest('hex')}"`,
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'accept-ranges': 'bytes',
    ...(isPart ? { 'content-range': `bytes ${first}-${last}/${file.length}` } : {}),
    ...fault?.headers,
  });
  if (fault?.cutsAfterBytes === undefined) return void response.end(bytes);
  response.write(bytes.subarray(0, fault.cutsAfterBytes), () => response.destroy());
}

/** First and last byte, of a range as RFC 9110 §14.1.2 writes it. */
function rangeOf(range: string, length: number): [number, number] {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === '' && last !== '') return [Math.max(0, length - Number(last)), length - 1];
  return [Number(first), last === '' ? length - 1 : Math.min(Number(last), length - 1)];
}
