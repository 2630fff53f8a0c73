import { getBuiltinModule } from 'node:process';
import type { Agent, ClientRequest, IncomingMessage, request } from 'node:http';
import type { Agent as TlsAgent } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { openTunnel } from './open-tunnel.ts';
import { noProxies, routesTo, type Proxy, type ProxyPlan, type Route } from './proxies.ts';

export interface HttpReply {
  readonly status: number;
  /** Names in lower case; a repeated header is joined, so that no signature covers half of it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ExchangeOptions {
  readonly platform: URL;
  /** PEM of the only certificate authorities to trust; the well-known ones when absent. */
  readonly ca?: string | undefined;
  /** Silence on the connection, in milliseconds, after which an exchange fails. */
  readonly timeoutMs?: number;
  readonly proxies?: ProxyPlan;
}

const maxReplyBytes = 1024 * 1024;
/** After it the list is tried from its beginning again: a better proxy may be back. */
const rememberRouteMs = 3600_000;
/** Less than a silent proxy would take of the whole time of a request. */
const mostTunnelMs = 10_000;

interface Way {
  readonly route: Route;
  readonly agent: Agent;
}

/**
 * POST over one connection that is kept open. Plain HTTP or TLS 1.3 by the platform's address; it does not follow redirects. Both
 * families of addresses are tried (RFC 8305; Node does it). Of several routes the one that last worked comes first.
 */
export class HttpExchange implements Disposable {
  readonly #ways: readonly Way[];
  readonly #request: typeof request;
  readonly #platform: URL;
  readonly #timeoutMs: number;
  #best = 0;
  /** Until when `#best` is remembered, of a clock that nobody sets. */
  #bestUntil = 0;

  constructor({ platform, ca, timeoutMs = 30_000, proxies = noProxies }: ExchangeOptions) {
    this.#platform = platform;
    this.#timeoutMs = timeoutMs;
    const pooling = { keepAlive: true, maxSockets: 1 };
    const routes = routesTo(platform, proxies);
    // Loaded here and not at the start: Node's HTTP costs 11 MB, which the start must not add to its own peak.
    if (platform.protocol === 'https:') {
      const https = getBuiltinModule('node:https');
      const tls = { ...pooling, minVersion: 'TLSv1.3', ...(ca === undefined ? {} : { ca }) } as const;
      const limits = { ca, timeoutMs: Math.min(timeoutMs, mostTunnelMs) };
      this.#ways = routes.map((route) => {
        const agent = new https.Agent(tls);
        return { route, agent: route === 'direct' ? agent : through(route, agent, limits) };
      });
      this.#request = https.request;
    } else {
      const http = getBuiltinModule('node:http');
      this.#ways = [{ route: 'direct', agent: new http.Agent(pooling) }];
      this.#request = http.request;
    }
  }

  /** How the platform was reached last: `direct` or the address of a proxy. */
  get route(): string {
    const route = this.#ways[this.#best]?.route ?? 'direct';
    return route === 'direct' ? route : route.origin;
  }

  /** Rejects with the error of the last route that was tried; `signal` ends an exchange early. */
  async post(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<HttpReply> {
    const failures: Error[] = [];
    for (const index of this.#order()) {
      const way = this.#ways[index] as Way; // from the order of these
      const request = this.#open(way.agent, path, { ...headers, 'content-length': String(body.length) }, signal);
      const connection = watchConnection(request.request);
      try {
        request.request.end(body);
        const reply = await readReply(await request.reply, request.request);
        this.#remember(index);
        return reply;
      } catch (error) {
        failures.push(error as Error); // Node's network code throws nothing else
        // What may have reached the platform is not sent on another way: it would be a replay there. The next request begins with it.
        if (connection.isMade && this.#ways.length > 1) this.#remember((index + 1) % this.#ways.length);
        if (connection.isMade || signal?.aborted === true) break;
      }
    }
    const [first, ...others] = failures;
    if (others.length === 0) throw first;
    const text = failures.map(({ message }) => message).join('; ');
    throw Object.assign(new Error(text, { cause: first }), { failures });
  }

  #order(): number[] {
    if (performance.now() > this.#bestUntil) this.#best = 0;
    const all = this.#ways.map((_, index) => index);
    return [this.#best, ...all.filter((index) => index !== this.#best)];
  }

  #remember(index: number): void {
    if (index === this.#best && performance.now() <= this.#bestUntil) return;
    this.#best = index;
    this.#bestUntil = performance.now() + rememberRouteMs;
  }

  #open(agent: Agent, path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal | undefined) {
    const { promise: reply, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { method: 'POST', agent, headers, ...(signal ? { signal } : {}) };
    const request = this.#request(new URL(path, this.#platform), options, resolve);
    request.on('error', reject);
    request.setTimeout(this.#timeoutMs, () => request.destroy(new Error(`no answer within ${this.#timeoutMs / 1000} s`)));
    return { request, reply };
  }

  [Symbol.dispose](): void {
    for (const { agent } of this.#ways) agent.destroy();
  }
}

/** Makes an agent speak TLS with the platform inside a tunnel; names and sessions stay its own work. */
export function through(proxy: Proxy, agent: TlsAgent, limits: { ca: string | undefined; timeoutMs: number }): TlsAgent {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const { host, port } = options as { host: string; port: number | string }; // as http.Agent calls it
    openTunnel(proxy, { hostname: host.replace(/^\[|\]$/g, ''), port: Number(port), ...limits }).then(
      (socket) => callback?.(null, connect({ ...options, socket } as typeof options) as TLSSocket),
      (error: Error) => callback?.(error, undefined as never),
    );
    return undefined;
  };
  return agent;
}

/** Whether the connection was there before the request failed. */
function watchConnection(request: ClientRequest): { readonly isMade: boolean } {
  const state = { isMade: false };
  const made = (): void => void (state.isMade = true);
  request.once('socket', (socket) => {
    const isTls = 'encrypted' in socket;
    if (request.reusedSocket) made();
    else socket.once(isTls ? 'secureConnect' : 'connect', made);
  });
  return state;
}

async function readReply(reply: IncomingMessage, request: ClientRequest): Promise<HttpReply> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxReplyBytes) {
      request.destroy();
      throw new Error(`the reply is larger than ${maxReplyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: reply.statusCode ?? 0, headers: joinedHeaders(reply), body: Buffer.concat(chunks, length) };
}

function joinedHeaders(reply: IncomingMessage): Record<string, string> {
  const entries = Object.entries(reply.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')] as const);
  return Object.fromEntries(entries);
}
