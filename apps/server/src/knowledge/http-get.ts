import type { HttpGet } from '@vedette/feeds';
import type { Dispatcher } from 'undici';
import type { Config } from '../config.ts';

/** Large, and not needed before the first feed is fetched. */
const load = () => import('undici');

const headersTimeoutMs = 15_000;
const bodyTimeoutMs = 20_000;

/** A dispatcher that goes through the configured proxy, where there is one. */
export async function feedDispatcher(config: Config): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await load();
  const proxy = config.httpsProxy ?? '';
  return new EnvHttpProxyAgent({
    httpsProxy: proxy,
    httpProxy: proxy,
    noProxy: config.noProxy.join(','),
    connect: { timeout: 10_000 },
  });
}

/** Asks through the dispatcher; `signal` ends a transfer under way. */
export function httpGet(dispatcher: Dispatcher, signal: AbortSignal): HttpGet {
  return async (url, headers) => {
    const { request } = await load();
    const reply = await request(url, {
      dispatcher,
      signal,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      headers,
    });
    return {
      status: reply.statusCode,
      header(name) {
        const value = reply.headers[name];
        // Of a header that may stand only once the first counts.
        return (Array.isArray(value) ? value[0] : value) ?? null;
      },
      body: reply.body as AsyncIterable<Uint8Array>, // undici: a stream of Buffer
      discard: () => reply.body.dump(),
    };
  };
}
