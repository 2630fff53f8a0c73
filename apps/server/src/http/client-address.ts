import { type BlockList, isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Proxies in front of us whose word counts about who asks, and the header in which they say it. */
export interface TrustedProxies {
  readonly networks: BlockList;
  readonly header: ProxyHeader;
}

/** One of the two: a proxy that writes one hands the other on as the client sent it. */
export const proxyHeaders = ['x-forwarded-for', 'forwarded'] as const;
export type ProxyHeader = (typeof proxyHeaders)[number];

/**
 * Makes `request.ip` the address of the client behind trusted proxies, for every limit, lock and line of the audit log. Not Fastify's own
 * trustProxy: that would also believe a host name and a protocol that the client sent, on which the check of a request's origin rests.
 */
export function readClientAddresses(app: FastifyInstance, proxies: TrustedProxies | null): void {
  if (!proxies) return;
  app.addHook('onRequest', async (request) => {
    const value = clientAddress(request.ip, request.headers, proxies);
    if (value !== request.ip) Object.defineProperty(request, 'ip', { value });
  });
}

/**
 * Each proxy appends whom it heard: from the peer back, as long as the one who says so is trusted. What is further left a client may
 * have written. Where a trusted proxy names nobody that can be read, it is the last address that is known.
 */
export function clientAddress(peer: string, headers: FastifyRequest['headers'], { networks, header }: TrustedProxies): string {
  const said = headers[header];
  const hops = fromTheEnd([said ?? ''].flat().join(','), ',');
  let address = plain(peer) ?? peer;
  for (const hop of hops) {
    if (!networks.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')) return address;
    const before = plain(header === 'forwarded' ? forwardedFor(hop) : hop);
    if (before === null) return address;
    address = before;
  }
  return address;
}

/** Parts in reverse. Read from the end, because a quote that a client opens in its part must not swallow what a proxy appended. */
function* fromTheEnd(text: string, separator: string): Generator<string> {
  let [end, isQuoted] = [text.length, false];
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    if (isQuoted || text[at] !== separator) continue;
    yield text.slice(at + 1, end).trim();
    end = at;
  }
  yield text.slice(0, end).trim();
}

/** RFC 7239, section 4: `for=192.0.2.60;proto=http`, `For="[2001:db8::17]:4711"`. */
function forwardedFor(element: string): string {
  for (const pair of fromTheEnd(element, ';')) {
    const [, value] = /^for\s*=\s*(.*)$/i.exec(pair) ?? [];
    if (value !== undefined) return value.replace(/^"|"$/g, '');
  }
  return '';
}

/** An address without port, brackets, zone and the clothes of IPv6; null for what is none, such as `unknown` or `_hidden`. */
function plain(text: string): string | null {
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, beforePort] = /^([\d.]+):\d{1,5}$/.exec(text) ?? [];
  const address = (bracketed ?? beforePort ?? text).replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').toLowerCase();
  return isIP(address) === 0 || address.includes('%') ? null : address;
}
