import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { join } from 'node:path';
import { ticketHeader } from '@vedette/protocol';

/** What an edge does wrong. Those of the first line are wrong before any byte comes, those of the last in what is signed. */
// oxfmt-ignore
export const edgeFaults = [
  'dns', 'refused', 'silent', 'tls', 'no-tls', 'unhealthy',
  'status-404', 'status-500', 'redirect', 'stall', 'trickle', 'reset', 'longer', 'altered',
  'portal', 'drip', 'old', 'expired',
] as const;
export type EdgeFault = (typeof edgeFaults)[number];

export interface ReleaseServerOptions {
  /** Holds `tuf` and `targets`. */
  readonly directory: string;
  readonly tls?: Pick<ServerOptions, 'key' | 'cert'>;
  readonly fault?: EdgeFault;
  /** Before it answers so many requests, health checks among them; it answers all the others at once. */
  readonly slow?: { readonly requests: number; readonly milliseconds: number };
  /** Instead of an answer, for the platform: status and Retry-After of the first so many requests. */
  readonly busy?: { readonly requests: number; readonly retryAfterSeconds: number };
}

const stallAfterBytes = 64 * 1024;

/** An edge or a platform as far as releases go, on a loopback port: files with ranges, `/stub_status`, and a fault where one is wanted. */
export class ReleaseServer implements AsyncDisposable {
  /** When its fault came about: milliseconds of performance.now; null while it did not. */
  failedAt: number | null = null;
  /** When it began to send content, each time. */
  readonly sentAt: number[] = [];
  readonly ranges: string[] = [];
  readonly tickets: string[] = [];
  fault: EdgeFault | null;
  readonly #options: ReleaseServerOptions;
  readonly #server: Server | TcpServer;
  #busy: number;
  #slow: number;

  private constructor(options: ReleaseServerOptions) {
    this.#options = options;
    this.fault = options.fault ?? null;
    this.#busy = options.busy?.requests ?? 0;
    this.#slow = options.slow?.requests ?? 0;
    const listener: RequestListener = (request, response) => this.#answerInTime(request, response);
    const { tls } = options;
    if (this.fault === 'silent') this.#server = createTcpServer((socket) => void socket.on('error', () => undefined));
    else if (tls && this.fault !== 'no-tls') this.#server = createTlsServer(tls, listener);
    else this.#server = createServer(listener);
  }

  static async start(options: ReleaseServerOptions): Promise<ReleaseServer> {
    const server = new ReleaseServer(options);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    if (server.fault === 'refused') await server.#close();
    return server;
  }

  #port = 0;
  /** Ends in a slash. */
  get url(): URL {
    this.#port = (this.#server.address() as AddressInfo | null)?.port ?? this.#port;
    const host = this.fault === 'dns' ? 'edge.invalid' : '127.0.0.1';
    return new URL(`${this.#options.tls ? 'https' : 'http'}://${host}:${this.#port || 9}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #close(): Promise<void> {
    void this.url;
    if (!this.#server.listening) return;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#server.close(resolve);
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
    else this.#server.unref();
    if (this.fault !== 'silent') await promise;
  }

  #answerInTime(request: IncomingMessage, response: ServerResponse): void {
    const { milliseconds = 0 } = this.#options.slow ?? {};
    this.#slow -= 1;
    if (this.#slow >= 0) setTimeout(() => this.#answer(request, response), milliseconds);
    else this.#answer(request, response);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/';
    if (path === '/stub_status') {
      response.writeHead(this.fault === 'unhealthy' ? 503 : 200).end('Active connections: 1\n');
      return;
    }
    const ticket = request.headers[ticketHeader];
    if (typeof ticket === 'string') this.tickets.push(ticket);
    if (this.#busy > 0) {
      this.#busy -= 1;
      const retryAfter = String(this.#options.busy?.retryAfterSeconds ?? 1);
      response.writeHead(503, { 'retry-after': retryAfter, [ticketHeader]: 'a-promise' }).end();
      return;
    }
    if (this.fault !== null && this.#answerWrongly(path, response)) return;
    this.#send(path, request, response);
  }

  /** True when that was the answer. */
  #answerWrongly(path: string, response: ServerResponse): boolean {
    const isTarget = path.startsWith('/targets/code/');
    const failed = (): void => void (this.failedAt ??= performance.now());
    const say = (status: number, headers: Record<string, string> = {}, body = ''): true => {
      failed();
      response.writeHead(status, headers).end(body);
      return true;
    };
    if (this.fault === 'drip') {
      failed();
      // Slow retrieval: everything comes, in a year.
      response.writeHead(200, { 'content-length': 1_000_000_000 });
      const drops = setInterval(() => response.write(' '), 50);
      response.once('close', () => clearInterval(drops));
      return true;
    }
    if (this.fault === 'portal') return say(200, { 'content-type': 'text/html' }, '<html>Please log in</html>');
    if (this.fault === 'old' || this.fault === 'expired') failed();
    if (!isTarget) return false;
    if (this.fault === 'status-404') return say(404);
    if (this.fault === 'status-500') return say(500);
    return this.fault === 'redirect' ? say(302, { location: 'http://127.0.0.1:9/elsewhere' }) : false;
  }

  #send(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = join(this.#options.directory, decodeURIComponent(path));
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined) return void response.writeHead(404).end();
    const { range } = request.headers;
    if (range !== undefined) this.ranges.push(range);
    const [start, end] = extentOf(range ?? '', size);
    if (start > end) return void response.writeHead(416, { 'content-range': `bytes */${size}` }).end();
    const isTarget = path.startsWith('/targets/code/');
    const isLonger = this.fault === 'longer' && isTarget;
    if (isLonger) this.failedAt ??= performance.now();
    const headers = { 'content-length': end - start + 1 + (isLonger ? 1000 : 0) };
    if (range === undefined) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end}/${size}` });
    this.sentAt.push(performance.now());
    const content = createReadStream(file, { start, end });
    if (this.fault === null || !isTarget) return void content.pipe(response);
    void this.#spoil(content, response);
  }

  async #spoil(content: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> {
    let sent = 0;
    for await (const chunk of content) {
      if (this.fault === 'altered') chunk[0] = (chunk[0] ?? 0) ^ 1;
      const isStopping = this.fault === 'stall' || this.fault === 'trickle' || this.fault === 'reset';
      const part = isStopping ? chunk.subarray(0, stallAfterBytes - sent) : chunk;
      response.write(part);
      sent += part.length;
      if (isStopping && sent >= stallAfterBytes) break;
    }
    this.failedAt ??= performance.now();
    if (this.fault === 'reset') response.destroy();
    else if (this.fault === 'trickle') {
      const timer = setInterval(() => response.write('x'), 200);
      response.once('close', () => clearInterval(timer));
    } else if (this.fault !== 'stall') response.end();
  }
}

/** First and last byte that are wanted. */
function extentOf(range: string, size: number): [number, number] {
  const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  return [Number(first || 0), Math.min(size - 1, last === '' ? size - 1 : Number(last))];
}
