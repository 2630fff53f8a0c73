import { type BlockList, isIP } from 'node:net';
import { toDeliveryError } from './connect.ts';
import { DeliveryError } from './delivery-error.ts';
import { checkHost, safeLookup } from './safe-address.ts';

const timeoutMs = 15_000;
/** What a receiver says is of no use; it is read as far as that keeps the connection clean. */
const maxReplyBytes = 16 * 1024;

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly allowed: BlockList;
  readonly signal: AbortSignal;
}

/**
 * Posts JSON to an address that an organization chose: only to the public internet or to allowed networks, in the clear to the latter
 * alone, and without following to anywhere else. Throws DeliveryError.
 */
export async function post({ url, headers, body, allowed, signal }: Post): Promise<void> {
  const { protocol, hostname, username } = new URL(url);
  if (username !== '') throw new DeliveryError('CHANNEL', 'The address holds a login');
  checkHost(hostname, allowed);
  // Without TLS only an address of an allowed network, written as such: nobody between here and there can change what a name means.
  if (protocol === 'http:' && !allowed.check(bare(hostname), isIP(bare(hostname)) === 6 ? 'ipv6' : 'ipv4')) {
    throw new DeliveryError('REFUSED', 'Without TLS only addresses of networks in VEDETTE_DESTINATION_NETWORKS are reached');
  }
  // Large, and most platforms never need it.
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connect: { lookup: safeLookup(allowed), timeout: timeoutMs } });
  try {
    const reply = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'vedette', ...headers },
      body,
      dispatcher,
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    await reply.body.dump({ limit: maxReplyBytes });
    if (reply.statusCode === 410) throw new DeliveryError('GONE', 'The other side answered 410: it wants no more');
    if (reply.statusCode < 200 || reply.statusCode > 299)
      throw new DeliveryError('FAILED', `The other side answered ${reply.statusCode}`);
  } catch (error) {
    throw toDeliveryError(error);
  } finally {
    await dispatcher.destroy();
  }
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
