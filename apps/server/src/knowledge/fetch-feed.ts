import { createHash } from 'node:crypto';
import type { Feed, FeedFile, FeedSource } from '@vedette/feeds';
import { limits } from '@vedette/protocol';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import type { Config } from '../config.ts';
import { FeedFetchError } from './feed-error.ts';
import type { FetchedFeed } from './read-feed-directory.ts';
import { unpack } from './unpack.ts';

const headersTimeoutMs = 15_000;
const bodyTimeoutMs = 30_000;
const maxRedirects = 3;

/** A dispatcher that goes through the configured proxy, where there is one. */
export function feedDispatcher(config: Config): Dispatcher {
  const proxy = config.httpsProxy ?? '';
  return new EnvHttpProxyAgent({
    httpsProxy: proxy,
    httpProxy: proxy,
    noProxy: config.noProxy.join(','),
    connect: { timeout: 10_000 },
  });
}

export interface Connection {
  readonly dispatcher: Dispatcher;
  /** Ends a transfer under way. */
  readonly signal: AbortSignal;
}

/** Fetches all files of a feed from their official addresses, or from a mirror; null for a feed that has no address. */
export async function fetchFeed(feed: Feed, mirror: string | null, connection: Connection): Promise<FetchedFeed | null> {
  const files: FeedFile[] = [];
  const hash = createHash('sha256');
  const addresses: string[] = [];
  for (const source of feed.files) {
    if (source.url === null) continue;
    const address = addressOf(source, mirror);
    const packed = await download(address, Math.min(feed.maxBytes, limits.feedFileBytes), connection);
    hash.update(packed);
    addresses.push(address);
    files.push(await unpack(fileName(source), packed, feed.maxBytes));
  }
  return files.length === 0 ? null : { files, location: addresses.join(' '), sha256: hash.digest('hex') };
}

function addressOf(source: FeedSource, mirror: string | null): string {
  return mirror === null ? (source.url ?? '') : `${mirror}/${fileName(source)}`;
}

/** Name under which a mirror offers the file: the pattern without its star. */
function fileName(source: FeedSource): string {
  return source.pattern.replace('*', '');
}

/** Reads a body up to the limit, whatever the other side announces. */
async function download(address: string, maxBytes: number, { dispatcher, signal }: Connection): Promise<Buffer> {
  let target = address;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    try {
      const { statusCode, headers, body } = await request(target, {
        dispatcher,
        signal,
        headersTimeout: headersTimeoutMs,
        bodyTimeout: bodyTimeoutMs,
        headers: { 'user-agent': 'vedette' },
      });
      const location = headers['location'];
      if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
        await body.dump();
        target = new URL(location, target).href;
        if (!target.startsWith('https:') && address.startsWith('https:')) {
          throw new FeedFetchError('HTTP', `${address} leads away from https; it is not followed.`);
        }
        continue;
      }
      if (statusCode !== 200) {
        await body.dump();
        throw new FeedFetchError('HTTP', `${address} answered ${statusCode}.`);
      }
      const parts: Buffer[] = [];
      let size = 0;
      for await (const part of body as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > maxBytes)
          throw new FeedFetchError('TOO_LARGE', `${address} sends more than ${maxBytes} bytes; it is not the feed.`);
        parts.push(part);
      }
      return Buffer.concat(parts);
    } catch (error) {
      if (error instanceof FeedFetchError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new FeedFetchError('NETWORK', `${address} cannot be reached (${reason}); check network, proxy and DNS.`, {
        cause: error,
      });
    }
  }
  throw new FeedFetchError('HTTP', `${address} redirects more than ${maxRedirects} times.`);
}
