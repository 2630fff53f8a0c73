import { getBuiltinModule } from 'node:process';
import type { Agent, IncomingMessage } from 'node:http';
import { through } from '../../transport/http-exchange.ts';
import { routesTo, type ProxyPlan, type Route } from '../../transport/proxies.ts';
import { asOriginError, OriginError } from './origin-error.ts';

/** Patience with an origin. Together they leave time to fall back within ten seconds. */
export interface Patience {
  /** From the request to the first line of the answer, in milliseconds: names, connection, TLS and the answer itself. */
  readonly answerMs: number;
  /** Below so many bytes in so many milliseconds, an origin stalls. */
  readonly floorBytes: number;
  readonly floorMs: number;
}

export const defaultPatience: Patience = { answerMs: 4000, floorBytes: 4096, floorMs: 2000 };

export interface DownloaderOptions {
  /** PEM of the only certificate authorities to trust; the well-known ones when absent. */
  readonly ca?: string | undefined;
  readonly proxies: ProxyPlan;
  readonly patience?: Patience;
}

export interface Download {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Throws OriginError, also for a stall. Leaving it early ends the connection. */
  readonly chunks: AsyncIterable<Buffer>;
}

export interface DownloadRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Less patience than usual. */
  readonly answerMs?: number;
}

/** GET from whatever address, through the agent's proxies, over connections that are kept. It follows no redirects. */
export class Downloader implements Disposable {
  readonly #options: DownloaderOptions;
  readonly #patience: Patience;
  readonly #agents = new Map<string, Agent>();

  constructor(options: DownloaderOptions) {
    this.#options = options;
    this.#patience = options.patience ?? defaultPatience;
  }

  /** Throws OriginError when no answer begins in time on any route. */
  async get(url: URL, request: DownloadRequest = {}): Promise<Download> {
    const failures: OriginError[] = [];
    for (const route of routesTo(url, this.#options.proxies)) {
      try {
        return await this.#open(url, route, request);
      } catch (error) {
        request.signal?.throwIfAborted();
        failures.push(asOriginError(error));
      }
    }
    throw failures.at(-1) ?? new OriginError('tcp', `there is no way to ${url.host}`);
  }

  async #open(url: URL, route: Route, { headers = {}, signal, answerMs: given = Infinity }: DownloadRequest) {
    const answerMs = Math.min(given, this.#patience.answerMs);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const module = getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
    const agent = this.#agent(url, route, answerMs);
    const request = module.request(
      url,
      { agent, headers: { 'accept-encoding': 'identity', ...headers }, ...(signal ? { signal } : {}) },
      resolve,
    );
    request.once('error', reject);
    const limit = setTimeout(
      () => afterArrivals(() => request.destroy(new OriginError('silent', `no answer within ${answerMs} ms`))),
      answerMs,
    );
    request.end();
    try {
      const reply = await promise;
      return { status: reply.statusCode ?? 0, headers: reply.headers, chunks: withFloor(reply, this.#patience) };
    } finally {
      clearTimeout(limit);
    }
  }

  #agent(url: URL, route: Route, timeoutMs: number): Agent {
    const key = `${url.origin} ${route === 'direct' ? route : route.origin}`;
    const found = this.#agents.get(key);
    if (found) return found;
    const made = this.#makeAgent(url, route, timeoutMs);
    this.#agents.set(key, made);
    return made;
  }

  #makeAgent(url: URL, route: Route, timeoutMs: number): Agent {
    const pooling = { keepAlive: true, maxSockets: 2 };
    if (url.protocol !== 'https:') return new (getBuiltinModule('node:http').Agent)(pooling);
    const { ca } = this.#options;
    const agent = new (getBuiltinModule('node:https').Agent)({ ...pooling, ...(ca === undefined ? {} : { ca }) });
    return route === 'direct' ? agent : through(route, agent, { ca, timeoutMs });
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }
}

/**
 * What has arrived counts: where this process had no processor for long, its timers are due before it has read what came meanwhile, and
 * its own slowness would look like that of the origin.
 */
function afterArrivals(act: () => void): void {
  setImmediate(act);
}

/** A body that must keep coming. */
async function* withFloor(reply: IncomingMessage, { floorBytes, floorMs }: Patience): AsyncGenerator<Buffer> {
  let bytes = 0;
  let before = 0;
  const look = (): void => {
    if (bytes - before < floorBytes) reply.destroy(new OriginError('stall', `less than ${floorBytes} bytes in ${floorMs} ms`));
    before = bytes;
  };
  const watch = setInterval(() => afterArrivals(look), floorMs);
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw asOriginError(error);
  } finally {
    clearInterval(watch);
    reply.destroy();
  }
}
