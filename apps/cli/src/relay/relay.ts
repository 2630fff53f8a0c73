import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { distributedKind } from '@vedette/protocol';
import { AgentForwarder } from './agent-forwarder.ts';
import { ContentCache } from './content-cache.ts';
import { fetchMetadata, fetchTarget } from './fetch-content.ts';
import { MetadataCache } from './metadata-cache.ts';
import { refuse } from './refuse.ts';
import { RequestStore } from './request-store.ts';
import { type Caches, serveContent } from './serve-content.ts';
import { Upstream } from './upstream.ts';

export interface RelayOptions {
  readonly platform: URL;
  /** PEM text. */
  readonly ca?: string | undefined;
  readonly edgeToken: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly directory: string;
  readonly cacheBytes: number;
  readonly holdBytes: number;
  readonly log: (event: string, facts?: object) => void;
}

/** A relay behind relays: more than these before it are a mistake. */
const mostHops = 8;
const maxObjectBytes = 1024 * 1024 * 1024;
const maxHeaderBytes = 8192;
const maxConnections = 4096;
const stopPatienceMs = 5000;

/**
 * Stands between agents and their platform, for a site without nginx: hands out signed releases and content from its disk, and passes on
 * what agents say. It connects to one host only and knows only the names of docs/edges.md; nothing that it is asked can change that.
 */
export class Relay implements AsyncDisposable {
  readonly #options: RelayOptions;
  readonly #name = `vedette-${randomBytes(6).toString('hex')}`;
  readonly #startedAt = new Date();
  readonly #upstream: Upstream;
  readonly #store: RequestStore;
  readonly #forwarder: AgentForwarder;
  readonly #caches: Caches;
  readonly #server: Server;
  #isStopped = false;
  #requests = 0;
  #accepted = 0;

  private constructor(options: RelayOptions) {
    this.#options = options;
    const { directory, cacheBytes, holdBytes, log, tls } = options;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#upstream = new Upstream({ ...options, name: this.#name });
    this.#store = new RequestStore({ file: join(directory, 'held.db'), maxBytes: holdBytes });
    this.#forwarder = new AgentForwarder({ upstream: this.#upstream, store: this.#store, log });
    const content = { directory: join(directory, 'targets'), maxBytes: cacheBytes, maxObjectBytes };
    this.#caches = {
      content: new ContentCache({ ...content, fetch: (path, from) => fetchTarget(this.#upstream, path, from) }),
      metadata: new MetadataCache({ directory: join(directory, 'tuf'), fetch: (path) => fetchMetadata(this.#upstream, path) }),
    };
    const settings = {
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: false,
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      connectionsCheckingInterval: 2000,
    };
    const answer = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    this.#server = tls
      ? createSecureServer({ ...settings, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, answer)
      : createServer(settings, answer);
    this.#server.maxConnections = maxConnections;
    this.#server.keepAliveTimeout = 65_000;
    this.#server.on('connection', (socket) => {
      this.#accepted += 1;
      // Who takes no byte for so long has gone; a held request for orders is quiet for less.
      socket.setTimeout(90_000, () => socket.destroy());
    });
  }

  static async start(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    relay.#server.once('error', reject);
    relay.#server.listen(options.listen, resolve);
    try {
      await promise;
    } catch (error) {
      await relay[Symbol.asyncDispose]();
      throw error;
    }
    relay.#forwarder.start();
    return relay;
  }

  /** Without a slash at the end. */
  get url(): string {
    const { address, port, family } = this.#server.address() as AddressInfo; // a TCP server that listens
    return `${this.#options.tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** As `/status` tells it. */
  get status() {
    const { platform, state } = this.#upstream;
    return {
      status: 'ok',
      kind: 'relay',
      startedAt: this.#startedAt.toISOString(),
      platform: { url: platform, ...state },
      cache: this.#caches.content.state,
      held: this.#forwarder.state,
    };
  }

  /** Answers what is under way, keeps what is held, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#server.listening) {
      const closed = Promise.withResolvers<void>();
      this.#server.close(() => closed.resolve());
      const cut = setTimeout(() => this.#server.closeAllConnections(), stopPatienceMs);
      // Those whose answer ends only now would be kept for a next request.
      const idle = setInterval(() => this.#server.closeIdleConnections(), 50);
      await closed.promise;
      clearTimeout(cut);
      clearInterval(idle);
    }
    await this.#forwarder[Symbol.asyncDispose]();
    this.#upstream[Symbol.dispose]();
    this.#store[Symbol.dispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests += 1;
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('content-security-policy', "default-src 'none'");
    const startedAt = performance.now();
    const path = request.url ?? '';
    response.once('close', () => {
      const ms = Math.round(performance.now() - startedAt);
      const { method, socket } = request;
      this.#options.log('request', {
        client: socket.remoteAddress,
        method,
        path: path.slice(0, 400),
        status: response.statusCode,
        ms,
      });
    });
    try {
      await this.#route(request, response, path);
    } catch (error) {
      if (!response.headersSent) refuse(response, 500, { code: 'INTERNAL', detail: 'The relay failed; its log says why.' });
      response.destroy();
      if (!request.destroyed) this.#options.log('failed', { path: path.slice(0, 400), problem: String(error) });
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const via = (request.headers.via ?? '').split(',');
    if (via.length > mostHops || via.some((hop) => hop.trim().endsWith(` ${this.#name}`)))
      return refuse(response, 508, {
        code: 'LOOP',
        detail: 'The request has come by here before; a relay must not point to itself.',
      });
    if (this.#forwarder.isFor(path)) {
      if (request.method === 'POST') return this.#forwarder.forward(request, response, path);
      return refuse(response, 405, { code: 'METHOD', detail: 'Agents send this with POST.' });
    }
    const kind = distributedKind(path);
    if (!isRead) return refuse(response, 405, { code: 'METHOD', detail: 'This is only read here.' });
    if (hasBody(request)) return refuse(response, 400, { code: 'BODY', detail: 'A request to read has no body.' });
    if (kind !== null) return serveContent(this.#caches, { path, kind, request, response });
    if (path === '/stub_status') return this.#stubStatus(response);
    if (path === '/status') {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      return void response.end(`${JSON.stringify(this.status)}\n`);
    }
    return refuse(response, 404, {
      code: 'NOT_FOUND',
      detail: 'A relay knows only the names of releases and the paths of agents.',
    });
  }

  /** In the form of nginx' module of that name. */
  async #stubStatus(response: ServerResponse): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#server.getConnections((_error, count) => resolve(count));
    const active = await promise;
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
    const counts = `${this.#accepted} ${this.#accepted} ${this.#requests}`;
    response.end(
      `Active connections: ${active} \nserver accepts handled requests\n ${counts} \nReading: 0 Writing: 1 Waiting: ${Math.max(0, active - 1)} \n`,
    );
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}
