import { getBuiltinModule } from 'node:process';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Proxy } from './proxies.ts';

/** What a proxy did to the request for a tunnel. */
export type ProxyErrorCode = 'UNREACHABLE' | 'AUTHENTICATION' | 'REFUSED';

export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: ProxyErrorCode;
  readonly proxy: string;

  constructor(code: ProxyErrorCode, proxy: string, message: string, options?: ErrorOptions) {
    super(`proxy ${proxy}: ${message}`, options);
    this.code = code;
    this.proxy = proxy;
  }
}

export interface TunnelOptions {
  readonly hostname: string;
  readonly port: number;
  /** For a proxy that is itself spoken to over TLS. */
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
}

/** A connection to `hostname` through a proxy (CONNECT, RFC 9110 §9.3.6). Throws ProxyError. */
export async function openTunnel(proxy: Proxy, { hostname, port, ca, timeoutMs }: TunnelOptions): Promise<Socket> {
  const authority = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
  const authorization = proxy.authorization();
  const { request } = getBuiltinModule(proxy.isTls ? 'node:https' : 'node:http');
  const { promise, resolve, reject } = Promise.withResolvers<{ reply: IncomingMessage; socket: Socket; head: Buffer }>();
  const connect = request({
    method: 'CONNECT',
    host: proxy.hostname,
    port: proxy.port,
    path: authority,
    agent: false,
    headers: { host: authority, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) },
    ...(proxy.isTls && ca !== undefined ? { ca } : {}),
  });
  connect.once('connect', (reply, socket, head) => resolve({ reply, socket: socket as Socket, head })); // CONNECT is made over TCP or TLS
  connect.once('error', reject);
  const limit = setTimeout(() => connect.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  connect.end();
  try {
    const { reply, socket, head } = await promise;
    const problem = refusalOf(reply.statusCode ?? 0, proxy);
    // The platform speaks only after us: bytes that come with the answer are not its own.
    if (!problem && head.length === 0) return socket;
    socket.destroy();
    throw problem ?? new ProxyError('REFUSED', proxy.origin, 'sent more than its answer to CONNECT');
  } catch (error) {
    if (error instanceof ProxyError) throw error;
    throw new ProxyError('UNREACHABLE', proxy.origin, (error as Error).message || String(error), { cause: error });
  } finally {
    clearTimeout(limit);
  }
}

function refusalOf(status: number, { origin, authorization }: Proxy): ProxyError | null {
  if (status >= 200 && status < 300) return null;
  if (status !== 407) return new ProxyError('REFUSED', origin, `does not connect us (status ${status})`);
  const why = authorization() === null ? 'wants a user and a password (407)' : 'does not take the user and password (407)';
  return new ProxyError('AUTHENTICATION', origin, why);
}
